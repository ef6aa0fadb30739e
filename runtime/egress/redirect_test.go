package egress_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/internal/testkit/ssrf"
	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/fault"
)

// seen is one request that a server got.
type seen struct {
	Host, Method, URI, Body string
	Header                  http.Header
}

// TestRedirects follows redirects between two names of one server, as the rules allow.
func TestRedirects(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		request egress.Request
		code    fault.Code
		want    []string // "METHOD host URI body", then the names of the header fields
	}{
		"relative": {
			egress.Request{URL: "/?to=next"},
			"",
			[]string{"GET one /?to=next  [Authorization X-Api-Key]", "GET one /next  [Authorization X-Api-Key]"},
		},
		"three": {
			egress.Request{URL: "/?to=/?to=/?to=/end"},
			"",
			[]string{"GET one /?to=/?to=/?to=/end  [Authorization X-Api-Key]", "GET one /?to=/?to=/end  [Authorization X-Api-Key]", "GET one /?to=/end  [Authorization X-Api-Key]", "GET one /end  [Authorization X-Api-Key]"},
		},
		"four": {
			egress.Request{URL: "/?to=/?to=/?to=/?to=/end"},
			fault.EgressDenied,
			[]string{"GET one /?to=/?to=/?to=/?to=/end  [Authorization X-Api-Key]", "GET one /?to=/?to=/?to=/end  [Authorization X-Api-Key]", "GET one /?to=/?to=/end  [Authorization X-Api-Key]", "GET one /?to=/end  [Authorization X-Api-Key]"},
		},
		"other host": {
			egress.Request{URL: "/?to=//two.test:PORT/x"},
			"",
			[]string{"GET one /?to=//two.test:PORT/x  [Authorization X-Api-Key]", "GET two /x  []"},
		},
		"credentials do not come back": {
			egress.Request{URL: "/?to=//two.test:PORT/?to=//one.test:PORT/x"},
			"",
			[]string{"GET one /?to=//two.test:PORT/?to=//one.test:PORT/x  [Authorization X-Api-Key]", "GET two /?to=//one.test:PORT/x  []", "GET one /x  []"},
		},
		"other scheme": {
			egress.Request{URL: "/?to=https://two.test:PORT/x"},
			fault.EgressDenied,
			[]string{"GET one /?to=https://two.test:PORT/x  [Authorization X-Api-Key]"},
		},
		"POST becomes GET": {
			egress.Request{Method: "POST", Body: []byte("b"), URL: "/?status=302&to=/x"},
			"",
			[]string{"POST one /?status=302&to=/x b [Authorization X-Api-Key]", "GET one /x  [Authorization X-Api-Key]"},
		},
		"PUT stays after 302": {
			egress.Request{Method: "PUT", Body: []byte("b"), URL: "/?status=302&to=/x"},
			"",
			[]string{"PUT one /?status=302&to=/x b [Authorization X-Api-Key]", "PUT one /x b [Authorization X-Api-Key]"},
		},
		"PUT becomes GET after 303": {
			egress.Request{Method: "PUT", Body: []byte("b"), URL: "/?status=303&to=/x"},
			"",
			[]string{"PUT one /?status=303&to=/x b [Authorization X-Api-Key]", "GET one /x  [Authorization X-Api-Key]"},
		},
		"HEAD stays": {
			egress.Request{Method: "HEAD", URL: "/?status=303&to=/x"},
			"",
			[]string{"HEAD one /?status=303&to=/x  [Authorization X-Api-Key]", "HEAD one /x  [Authorization X-Api-Key]"},
		},
		"body again": {
			egress.Request{Method: "POST", Body: []byte("b"), URL: "/?status=308&to=/x"},
			"",
			[]string{"POST one /?status=308&to=/x b [Authorization X-Api-Key]", "POST one /x b [Authorization X-Api-Key]"},
		},
		"body to another host": {
			egress.Request{Method: "POST", Body: []byte("b"), URL: "/?status=307&to=//two.test:PORT/x"},
			fault.EgressDenied,
			[]string{"POST one /?status=307&to=//two.test:PORT/x b [Authorization X-Api-Key]"},
		},
		"stay": {
			egress.Request{URL: "/?to=/x", Stay: true},
			"",
			[]string{"GET one /?to=/x  [Authorization X-Api-Key]"},
		},
		"without Location": {
			egress.Request{URL: "/?status=302&to="},
			"",
			[]string{"GET one /?status=302&to=  [Authorization X-Api-Key]"},
		},
		"not modified": {
			egress.Request{URL: "/?status=304&to=/x"},
			"",
			[]string{"GET one /?status=304&to=/x  [Authorization X-Api-Key]"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []seen
			_, host, _ := server(t, false, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = append(got, seen{r.Host, r.Method, r.RequestURI, string(body), r.Header})
				if _, to, ok := strings.Cut(r.URL.RawQuery, "to="); ok {
					status, err := strconv.Atoi(r.FormValue("status"))
					if err != nil {
						status = http.StatusFound
					}
					w.Header().Set("Location", to)
					w.WriteHeader(status)
				}
			})
			at := strconv.Itoa(port(t, host))
			loop := []ssrf.Answer{{Addresses: []string{"127.0.0.1"}}}
			c := egress.New(egress.Options{
				PlainHTTP: true, AllowHosts: []string{"one.test:" + at, "two.test:" + at},
				Resolver: ssrf.Serve(t, ssrf.Names{"one.test": loop, "two.test": loop}),
			})
			r := tc.request
			r.URL = "http://one.test:" + at + strings.ReplaceAll(r.URL, "PORT", at)
			r.Header = http.Header{"Authorization": {"Bearer t"}, "X-Api-Key": {"k"}, "Accept": {"text/plain"}}
			_, err := c.Do(t.Context(), r)
			wantCode(t, name, err, tc.code)
			var lines []string
			for _, g := range got {
				var fields []string
				for _, f := range []string{"Authorization", "X-Api-Key", "Cookie", "Referer"} {
					if g.Header.Get(f) != "" {
						fields = append(fields, f)
					}
				}
				if g.Header.Get("Accept") == "" || g.Header.Get("User-Agent") != "penstock" {
					t.Errorf("header %v", g.Header)
				}
				short := strings.TrimSuffix(g.Host, ".test:"+at)
				lines = append(lines, fmt.Sprint(g.Method, " ", short, " ", strings.ReplaceAll(g.URI, at, "PORT"), " ", g.Body, " ", fields))
			}
			if diff := cmp.Diff(tc.want, lines); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}
