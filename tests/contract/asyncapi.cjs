// Prints what AsyncAPI's own parser finds wrong with a description, and the fields of each message that it reads.
const { Parser, fromFile } = require("@asyncapi/parser");

fromFile(new Parser(), process.argv[2])
  .parse()
  .then(({ document, diagnostics }) => {
    const errors = diagnostics.filter(({ severity }) => severity < 2);
    const wrong = errors.map(({ path, message }) => `${path.join(".")}: ${message}`);
    const fields = (message) => Object.keys(message.payload().properties() ?? {});
    const messages = document?.messages().all().map((message) => [message.id(), fields(message)]) ?? [];
    console.log(JSON.stringify({ wrong, messages: Object.fromEntries(messages) }));
  });
