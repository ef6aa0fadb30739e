// Package decode undoes the content encodings of request bodies: gzip, deflate (with and without the zlib
// frame), br and zstd.
//
// The sender decides what it costs, so everything is bounded before it is done: how large the result
// becomes, by number and in proportion to what was sent, and how much memory the encodings themselves may ask for. One
// encoding is undone, never a list. What follows the end of the compressed data makes a body malformed,
// except further gzip members and zstd frames, which count together. Package ingress calls it after the
// proof of a request and before anybody looks into the body; it knows nothing of HTTP.
package decode
