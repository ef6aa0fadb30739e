// Package deps keeps modules in go.mod until the code that needs them stands.
package deps

import (
	_ "github.com/andybalholm/brotli"
	_ "github.com/dunglas/httpsfv"
	_ "github.com/go-jose/go-jose/v4"
	_ "github.com/klauspost/compress/zstd"
	_ "github.com/standard-webhooks/standard-webhooks/libraries/go"
)
