// Package brokertest holds every broker to the contract of package broker: Watermill's conformance
// suite with the features that the back end claims, and the tests of our own that it lacks. Only tests
// import it.
package brokertest
