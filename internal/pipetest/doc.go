// Package pipetest runs the tests of pipelines: files named *.test.yaml beside them.
//
// A test file is read strictly, against one table that describes the format ([Format]): whatever it says that
// is not in the table is a fault with file:line:col. A case runs its pipeline as a server would, with a
// clock of its own that waits do not hold up, with mocks in place of commands, and with everything that
// leaves caught: events, mails, results. What the case expects is compared with that. A case that expects
// nothing is a fault, and so is a call that would act on the outside and that nothing stands in for.
//
// The command line calls it, also for the traces of single runs.
package pipetest
