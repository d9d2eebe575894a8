/** What `--help` shows. */
export const help = `holdfast generate [<openapi.yaml> -o <folder>]

Writes the contract of an OpenAPI document (3.0, 3.1 or 3.2, YAML or JSON) into a folder of its own. Without a document,
all that holdfast.config.ts (.mjs, .js, .json) lists; what is given here then holds for all of it.

  -o, --output <folder>     where to; it holds nothing else
      --config <file>       a configuration elsewhere, or of another name
      --include <which>     only these operations: tag:…, path:…, method:… or id:… (* is anything), or deprecated;
                            may be given several times
      --exclude <which>     not these, in the same words
      --split tag           a file for each tag (by default there is one file)
      --emit <kind>         ts, or js: a .js with a .d.ts beside it for each module, which compilers read faster
      --dates <kind>        what dates are in the program: string, Date or Temporal (by default string)
      --int64 <kind>        what an int64 is: number, bigint or string (by default number)
      --enums <kind>        closed, or open: what arrives may have values that the document does not know
      --examples            write examples.ts as well: the document's examples, for mocks in tests
      --allow-network       follow references to the network
      --check               write nothing; exit with 1 if something would be written
      --verify              have the TypeScript compiler of the project prove that schemas and types agree
      --watch               write again whenever the document changes, or a file that it refers to; Ctrl+C ends it
      --verbose             show every problem, and what is being done

Exits with 0 if the folder is as the document asks for, 1 if it is not or could not be made so, 2 for a wrong command or
configuration.

holdfast diff <old.yaml> <new.yaml>

Says what of a new document breaks callers that have a client of the old one.

      --format <kind>       text or json (by default text)
      --allow-network       follow references to the network

Exits with 0 if nothing breaks, 1 if something does, 2 if they cannot be compared.

holdfast check <policy.yaml>

Says what a policy file (YAML or JSON) comes to at worst, in numbers, and what of it cannot work or is hardly meant.

      --calls-per-second <n>  of one process to one host: can the circuit trip, do the limits carry it
      --latency-ms <n>        how long a call takes on average, its body included
      --layers <n>            how many services on the way have this policy, each calling the next
      --strict                a warning counts as an error
      --format <kind>         text or json (by default text)

Exits with 0 if there is no error, 1 if there is one, 2 if the file is no policy.

  -h, --help                show this
      --version             show the version of the package
`;
