/** The default theme with the fonts that the reader has: none are loaded. */
import DefaultTheme from 'vitepress/theme-without-fonts';
import './style.css';

export default DefaultTheme;
