// Package cli is the command line of the product: one file per command, called by cmd/pi with the state
// of the process in one value.
//
// It loads the configuration, hands the work to internal/app or to the admin API of a running server, and
// prints the outcome. Exit codes: 0 done, 1 failed while running, 2 what was given is wrong, 3 the
// environment is not as it must be. Errors go to standard error as error, hint and code lines (one JSON object
// with -o json); they hold no payload and no secret.
package cli
