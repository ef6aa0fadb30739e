// Package kept keeps refused requests as files, for their owner to look at with `pi webhook rejects`. It is
// off by default: such a file holds everything that the sender sent, tokens and signatures included.
//
// Package ingress writes, package internal/app reads. The directory is readable by its owner only, and both
// the number and the size of the files are bounded: the oldest go first.
package kept
