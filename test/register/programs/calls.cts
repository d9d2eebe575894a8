/** The same in CommonJS. */
async function main(): Promise<void> {
  for (const url of process.argv.slice(2)) {
    const response = await fetch(url);
    console.log(response.status, response instanceof Response, await response.text());
  }
}
void main();
