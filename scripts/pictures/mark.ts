/** The mark of the site: kelp on its rock. */
export function mark(): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<style>path{fill:none;stroke:#0a7f5a;stroke-width:3;stroke-linecap:round}@media (prefers-color-scheme:dark){path{stroke:#3fb88c}}</style>
<path d="M16 22C16 14 9 14 10 4M16 22C16 15 23 15 21 5M16 22V27M16 23 9 28M16 23l7 5M4 29h24"/>
</svg>
`;
}
