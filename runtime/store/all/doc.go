// Package all is the list of the stores that ship. The composition root opens one of them by its type.
package all
