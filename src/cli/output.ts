/** Where texts for people go: results to one stream, all else to the other. */
export const say = (text: string): void => {
  if (text !== '') process.stdout.write(`${text}\n`);
};

export const complain = (text: string): void => {
  if (text !== '') process.stderr.write(`${text}\n`);
};
