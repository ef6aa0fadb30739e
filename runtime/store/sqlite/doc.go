// Package sqlite keeps everything in one SQLite file, penstock.db in the data directory. It is the
// default store of a single node and needs nothing installed.
//
// One goroutine writes. It commits in one transaction, with one sync, all that gathered while it
// synced the transaction before; each caller waits for its own outcome and hears "done" only after
// the sync. Reads go to a pool of their own and never wait for the writer. A failed sync or write
// fails the store until it is opened again; a full disk refuses writes until there is space. One
// process at a time may hold a data directory.
//
// The composition root opens it through package all; storetest holds it to the contract of package store.
package sqlite
