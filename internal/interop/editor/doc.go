// Package editor holds the libraries that editors use against `pi lsp` and `pi schema`: the client of the
// Language Server Protocol speaks with the server, and yaml-language-server checks pipelines with the schema.
// They come from package.json and run in Node.js (main.mjs); `make node` installs them.
package editor
