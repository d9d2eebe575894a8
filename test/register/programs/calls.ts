/** A program that knows of nothing: it calls the URLs that it is given and prints what comes. */
for (const url of process.argv.slice(2)) {
  const response = await fetch(url);
  console.log(response.status, response instanceof Response, await response.text());
}

export {};
