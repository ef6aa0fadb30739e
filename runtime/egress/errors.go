package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/penstock/penstock/runtime/fault"
)

// refusal is a verdict of the guard, so that it is found again below what net and net/http put around it.
type refusal struct{ reason error }

func (r *refusal) Error() string { return r.reason.Error() }
func (r *refusal) Unwrap() error { return r.reason }

// denied makes the fault for a verdict of the guard.
func denied(reason error, what string) error {
	return fault.Wrap(fault.EgressDenied, reason, "asking %s", what)
}

var errLarge = errors.New("the answer is too large")

// failed turns what went wrong on the way into a fault. The texts are our own: those of net/http quote
// what the other side sent. ctx is the request's, within its timeout; caller is the one it came from.
func failed(caller, ctx context.Context, err error, what string) error {
	var timeout net.Error
	switch r := (*refusal)(nil); {
	case errors.As(err, &r):
		return denied(r.reason, what)
	case errors.Is(err, errLarge), strings.Contains(err.Error(), "server response headers exceeded"):
		return fault.Wrap(fault.EgressLarge, errLarge, "asking %s", what)
	case errors.Is(caller.Err(), context.Canceled):
		return fault.Wrap(fault.EgressFailed, context.Canceled, "asking %s", what)
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return fault.Wrap(fault.EgressTimeout, os.ErrDeadlineExceeded, "asking %s", what).WithRetry(0)
	}
	reason, retry := explain(err)
	f := fault.Wrap(fault.EgressFailed, errors.New(reason), "asking %s", what)
	if retry {
		f = f.WithRetry(0)
	}
	return f
}

// explain says in fixed words what err is, and whether trying again may help.
func explain(err error) (reason string, retry bool) {
	var (
		name        *net.DNSError
		unknown     x509.UnknownAuthorityError
		wrongHost   x509.HostnameError
		certificate *tls.CertificateVerificationError
		alert       tls.AlertError
		record      tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &name):
		if name.IsNotFound {
			return "the name has no address", false
		}
		return "the name server does not answer", true
	case errors.As(err, &unknown):
		return "the certificate's issuer is not trusted", false
	case errors.As(err, &wrongHost):
		return "the certificate is for another host", false
	case errors.As(err, &certificate):
		return "the certificate is not valid", false
	case errors.As(err, &alert), errors.As(err, &record), strings.Contains(err.Error(), "tls: "):
		return "no TLS connection could be agreed on", false
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection was refused", true
	default:
		return "the connection failed or the answer is not HTTP", true
	}
}
