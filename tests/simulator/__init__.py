"""A simulated DynamoDB, and the machinery that looks for histories in which the ledger breaks its promises.

The database: `table` answers requests, strongly consistent and strict about their shape; `views` is how it keeps items
in order, `items` what they weigh. `calls` pass between it and the storage across a `network` on which `faults` happen,
with `errors` as botocore raises them. `clock` is time that passes only when somebody waits.

The judge: `attempts` sends requests to the real storage and notes how each ended; `audit` compares what callers were
told with what was written, and both with the brute-force model; `probes` tell which rare paths were taken.

Three ways of looking for trouble:

- `short_histories` lets every fault happen at every call, and every two;
- `histories` draws many concurrent callers, with faults and latencies, from a seed; the code runs a step at a time, as
  a `process`, and an `agenda` says whose step is next;
- `interleavings` walks through every order of the calls of two or three callers; `runs` and `worlds` make values of the
  code that runs and of the table, so that nothing is walked through twice.
"""
