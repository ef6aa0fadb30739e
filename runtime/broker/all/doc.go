// Package all is the one list of the brokers that ship. The composition root opens one of them by its
// name; `pi doctor` prints what each promises. A new back end is a folder beside this one and a line in
// [Backends].
package all
