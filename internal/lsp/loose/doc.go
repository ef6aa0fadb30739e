// Package loose reads YAML that somebody is typing. It never fails: what is not understood is left out, and a
// name without its colon, a bracket or a quote without its end are read as what they are about to become.
//
// The language server asks it what stands where, with offsets in bytes. It knows the YAML that pipeline files
// use: block and flow collections, plain, quoted and block scalars, comments. Whether a file is right is
// decided elsewhere.
package loose
