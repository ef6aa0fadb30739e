// Package lint says what is wrong or doubtful in pipeline files, before they run.
//
// [Check] takes a set of files as texts, so that an editor can ask for what is not saved yet. It gives what
// [pipeline.Examine] finds, which the server would refuse or warn of, and what the rules of this package
// find, under one roof: every finding has a stable code, a place with beginning and end, and where the
// repair is certain an edit. The rules are data: [Rules] lists them, and documentation, explanations and
// tests are made from that list.
//
// A comment "# lint:ignore CODE reason" silences a rule in its line and the next one. What keeps a file from
// being loaded cannot be silenced. The command line, the editor and the tests of the examples call this package.
package lint
