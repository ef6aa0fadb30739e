package front

import (
	"log/slog"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// TestNoLimitIsOff reads the limits that the server really has.
func TestNoLimitIsOff(t *testing.T) {
	t.Parallel()
	s := New(Options{}, slog.New(slog.DiscardHandler), func(*fasthttp.RequestCtx, int, string) {}, func(*fiber.App) {})
	server, config := s.app.Server(), s.app.Config()
	for name, v := range map[string]int64{
		"MaxRequestBodySize": int64(server.MaxRequestBodySize),
		"ReadTimeout":        int64(server.ReadTimeout),
		"WriteTimeout":       int64(server.WriteTimeout),
		"IdleTimeout":        int64(server.IdleTimeout),
		"Concurrency":        int64(server.Concurrency),
		"ReadBufferSize":     int64(server.ReadBufferSize),
		"WriteBufferSize":    int64(server.WriteBufferSize),
		"ConnsPerIP":         int64(s.options.ConnsPerIP),
		"BodyLimit":          int64(config.BodyLimit),
		"MaxFields":          int64(s.options.MaxFields),
		"Grace":              int64(s.options.Grace),
	} {
		if v <= 0 {
			t.Errorf("%s is %d", name, v)
		}
	}
	for name, on := range map[string]bool{
		"DisablePreParseMultipartForm": server.DisablePreParseMultipartForm,
		"CloseOnShutdown":              server.CloseOnShutdown,
		"SecureErrorLogMessage":        server.SecureErrorLogMessage,
		"NoDefaultServerHeader":        server.NoDefaultServerHeader,
		"ErrorHandler":                 server.ErrorHandler != nil,
		"StrictRouting":                config.StrictRouting,
		"CaseSensitive":                config.CaseSensitive,
		"Immutable":                    config.Immutable,
		"EnableTrustedProxyCheck":      config.EnableTrustedProxyCheck && len(config.TrustedProxies) == 0,
		"EnableIPValidation":           config.EnableIPValidation,
		"UnescapePath off":             !config.UnescapePath,
		"ProxyHeader unset":            config.ProxyHeader == "",
		"StreamRequestBody off":        !server.StreamRequestBody,
	} {
		if !on {
			t.Errorf("%s is not so", name)
		}
	}
}
