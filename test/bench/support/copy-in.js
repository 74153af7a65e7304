// COPY … FROM STDIN through pg, which has no call for it.

/** Sends one batch of rows in one statement of its own. @param {import('pg').Client} client @param {string} text `copy … from stdin` */
export function copyIn(client, text, data) {
  return new Promise((resolve, reject) => {
    client.query({
      submit: (connection) => connection.query(text),
      handleCopyInResponse: (connection) => {
        connection.sendCopyFromChunk(data);
        connection.endCopyFrom();
      },
      handleCommandComplete: () => undefined,
      handleError: reject,
      handleReadyForQuery: resolve,
    });
  });
}
