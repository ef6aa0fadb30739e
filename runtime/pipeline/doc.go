// Package pipeline is the language of pipeline files: it reads them, checks them and runs them.
//
// [Parse] turns YAML text into a [Document] and finds every fault of form; [Compile] turns a document
// into a [Plan] and finds every fault of meaning; both report all faults of a file at once, each with
// file:line:col, a stable code and, for an unknown name, the nearest known one. [LoadDir] does both for
// a directory. A plan never changes: [Plan.Run] evaluates what was compiled and parses nothing.
//
// The engine runs plans for events, the command line checks and runs single files. Commands come from
// package command, expressions from package expr, rights from package iam; the package stores nothing.
package pipeline
