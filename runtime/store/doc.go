// Package store is the seam to what is kept: events, runs, results, webhooks, refusals and versions
// of pipelines.
//
// The store is the truth for "accepted" and "finished". One folder per implementation; each passes
// package storetest. Writes return after they are synced to disk, unless a method says otherwise;
// many writers share one transaction and one sync. The engine and the door use it through the small
// interfaces below.
package store
