// Package all is the list of the brokers that ship. The composition root opens one of them by its name.
package all
