// Package secret keeps secrets out of sight: [Value] is a text that no print, log or encoder shows,
// [Resolver] turns references (env:NAME, file:PATH) into their values when they are used, and
// [Scrubber] replaces every value that a resolver handed out in log lines and error texts.
//
// Configuration holds references and Values; whoever opens a connection or checks a signature asks the
// resolver. The log handler of the process is made with [Scrubber.Handler]. All of it may be used
// from many goroutines.
package secret
