package app

import (
	"context"
	"net/netip"

	"github.com/penstock/penstock/ingress/judge"
	"github.com/penstock/penstock/ingress/kept"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/store"
)

// explain judges a kept request once more, as at the moment when it was refused, and tells the likely cause. An
// unknown one is kept.ErrUnknown.
func (a *App) explain(ctx context.Context, requests *kept.Requests, traceID string) (any, error) {
	raw, err := requests.Read(traceID)
	if err != nil {
		return nil, err
	}
	reject, err := a.rejected(ctx, traceID)
	if err != nil {
		return nil, err
	}
	request, err := judge.Read(raw)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "reading a kept request")
	}
	setup := judge.Setup{Presets: a.presets, URL: a.directory.Base() + request.Target(), Now: reject.Time}
	setup.Peer, _ = netip.ParseAddr(reject.Remote)
	if setup.Verify, setup.Material, err = a.directory.Proof(reject.Webhook); err != nil {
		return nil, err
	}
	verdict, err := request.Judge(setup)
	if err != nil {
		return nil, err
	}
	hints := request.Explain(setup, verdict)
	if verdict.Accepted() { // it was not the proof
		verdict.Reason, verdict.Detail = reject.Reason, reject.Detail
	}
	return verdict.Object(hints), nil
}

func (a *App) rejected(ctx context.Context, traceID string) (store.Reject, error) {
	list, err := a.store.Rejects(ctx, a.p.Config.Store.MaxRejects)
	if err != nil {
		return store.Reject{}, err
	}
	for _, r := range list {
		if r.TraceID == traceID {
			return r, nil
		}
	}
	return store.Reject{}, kept.ErrUnknown
}
