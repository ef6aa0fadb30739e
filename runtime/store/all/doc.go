// Package all is the one list of the stores that ship. The composition root opens one of them by its
// type. A new store is a folder beside this one and a line in [Kinds].
package all
