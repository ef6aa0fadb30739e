// Package memory keeps parts of a store for the time of one process: where pipelines are run by hand or
// tried, and no server keeps anything. It makes no promise beyond that.
package memory
