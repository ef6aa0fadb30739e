// Package storetest holds every store to the contract of package store: the tests that each one
// passes, and the benchmarks by which they are compared. Only tests import it.
package storetest
