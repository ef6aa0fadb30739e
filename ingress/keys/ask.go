package keys

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/fault"
)

// ask takes a document from the network.
func (c *Cache) ask(address string) (value []byte, age time.Duration, err error) {
	res, err := c.client.Do(c.ctx, egress.Request{URL: address, MaxBody: c.options.MaxBody, Stay: true})
	switch {
	case err != nil:
		return nil, 0, err
	case res.Status != 200:
		return nil, 0, unwanted(res)
	case len(res.Body) == 0:
		return nil, 0, fault.Wrap(fault.EgressFailed, errors.New("the answer is empty"), "asking %s", res.Origin).WithRetry(0)
	}
	return res.Body, lifetime(res.Header, c.options.DefaultAge), nil
}

// Confirm asks for an https address once, for the effect that the other side promises, and throws the
// answer away. It fails for every answer but a good one.
func (c *Cache) Confirm(ctx context.Context, address string) error {
	host, err := hostOf(address)
	if err != nil {
		return err
	}
	c.mu.Lock()
	free := c.rates.take(host, c.options.Now())
	c.mu.Unlock()
	if !free {
		return errBusy()
	}
	res, err := c.client.Do(ctx, egress.Request{URL: address, MaxBody: c.options.MaxBody, Stay: true})
	if err != nil {
		return err
	}
	if res.Status/100 != 2 {
		return unwanted(res)
	}
	return nil
}

func unwanted(res egress.Response) error {
	f := fault.Wrap(fault.EgressFailed, fmt.Errorf("the answer has status %d", res.Status), "asking %s", res.Origin)
	if res.Status == 429 || res.Status >= 500 {
		f = f.WithRetry(0)
	}
	return f
}
