/** How every command ends. Scripts rely on these numbers; docs/cli.md explains them to their writers. */

export const EXIT = {
  ok: 0,
  /** The answer is no: mistakes in a model, no such contact, a change refused, a start that failed. */
  no: 1,
  /** Wrong use: an unknown option, a file that can't be read, a configuration that can't be. */
  usage: 2,
  /** No server answers, or one that can't answer yet. */
  away: 3,
  /** All was sent, but the server refused some of the events. */
  refused: 4,
  /** Ctrl-C or SIGTERM before the end; as shells count, 128 and the number of SIGINT. */
  interrupted: 130,
} as const;

export const EXIT_CODES = `
Exit codes: 0 all went well             1 the answer is no: mistakes, not found, refused, failed
            2 wrong use                 3 no server answers
            4 sent, but the server refused some events
            130 interrupted before the end`;
