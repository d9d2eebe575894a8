/** A figure as people say it. */
export const short = (figure: number): string => String(Number(figure.toFixed(1)));
