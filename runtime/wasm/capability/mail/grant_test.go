package mail_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/penstock/penstock/internal/testkit/smtpsink"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm/capability/mail"
)

func TestGrantRefusesPolicies(t *testing.T) {
	t.Parallel()
	m, err := mail.New(mail.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		policy map[string]any
		code   fault.Code
		want   string
	}{
		"unknown key":       {map[string]any{"recipents": []any{}}, fault.ConfigUnknown, `did you mean "recipients"?`},
		"not a list":        {map[string]any{"recipients": 1}, fault.ConfigType, "recipients: a list"},
		"not a text":        {map[string]any{"senders": []any{1}}, fault.ConfigType, "senders: a list"},
		"no at":             {map[string]any{"recipients": []any{"*company.tld"}}, fault.ConfigValue, "not an address pattern"},
		"two ats":           {map[string]any{"recipients": []any{"*@*@x"}}, fault.ConfigValue, "not an address pattern"},
		"line break":        {map[string]any{"recipients": []any{"a@b\r\n"}}, fault.ConfigValue, "not an address pattern"},
		"number too small":  {map[string]any{"maxRecipients": 0}, fault.ConfigValue, "above 0"},
		"number not whole":  {map[string]any{"maxBytes": 1.5}, fault.ConfigValue, "above 0"},
		"number as a text":  {map[string]any{"maxBytes": "10"}, fault.ConfigValue, "above 0"},
		"several at a time": {map[string]any{"maxBytes": -1, "x": 1}, fault.ConfigValue, "unknown key"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := m.Grant(test.policy)
			var list fault.List
			if fault.CodeOf(err) != test.code || !errors.As(err, &list) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v (code %s), want %s with %q", err, fault.CodeOf(err), test.code, test.want)
			}
		})
	}
}

func TestGrantDecides(t *testing.T) {
	t.Parallel()
	sink := smtpsink.Start(t, smtpsink.Options{})
	type policy = map[string]any
	tests := map[string]struct {
		policy     policy
		from       string
		recipients []string
		code       fault.Code // empty: sent
	}{
		"nobody by default":         {policy{}, sender, []string{recipient}, fault.MailRecipient},
		"empty list":                {policy{"recipients": []any{}}, sender, []string{recipient}, fault.MailRecipient},
		"domain":                    {policy{"recipients": []any{"*@company.tld"}}, sender, []string{recipient, "B@COMPANY.TLD"}, ""},
		"one text with commas":      {policy{"recipients": "a@x.tld, *@company.tld"}, sender, []string{recipient}, ""},
		"exact address":             {policy{"recipients": []string{recipient}}, sender, []string{recipient}, ""},
		"everybody":                 {policy{"recipients": []any{"*"}}, sender, []string{"a@b.c"}, ""},
		"second one is outside":     {policy{"recipients": []any{"*@company.tld"}}, sender, []string{recipient, "a@evil.tld"}, fault.MailRecipient},
		"longer domain":             {policy{"recipients": []any{"*@company.tld"}}, sender, []string{"a@company.tld.evil.tld"}, fault.MailRecipient},
		"domain as local part":      {policy{"recipients": []any{"*@company.tld"}}, sender, []string{"company.tld@evil.tld"}, fault.MailRecipient},
		"ending of a domain":        {policy{"recipients": []any{"*@company.tld"}}, sender, []string{"a@notcompany.tld"}, fault.MailRecipient},
		"subdomain wanted":          {policy{"recipients": []any{"*@*.company.tld"}}, sender, []string{"a@x.company.tld"}, ""},
		"subdomain missing":         {policy{"recipients": []any{"*@*.company.tld"}}, sender, []string{recipient}, fault.MailRecipient},
		"percent route":             {policy{"recipients": []any{"*@company.tld"}}, sender, []string{"a%evil.tld@company.tld"}, fault.MailInvalid},
		"bang route":                {policy{"recipients": []any{"*@company.tld"}}, sender, []string{"evil.tld!a@company.tld"}, fault.MailInvalid},
		"source route":              {policy{"recipients": []any{"*@company.tld"}}, sender, []string{"@evil.tld:a@company.tld"}, fault.MailInvalid},
		"two mailboxes":             {policy{"recipients": []any{"*"}}, sender, []string{"a@evil.tld,b@company.tld"}, fault.MailInvalid},
		"quoted at":                 {policy{"recipients": []any{"*@company.tld"}}, sender, []string{`"a@evil.tld"@company.tld`}, fault.MailInvalid},
		"line break":                {policy{"recipients": []any{"*"}}, sender, []string{"a@b.c>\r\nRCPT TO:<d@e.f"}, fault.MailInvalid},
		"line feed":                 {policy{"recipients": []any{"*"}}, sender, []string{"a@b.c\nd"}, fault.MailInvalid},
		"NUL":                       {policy{"recipients": []any{"*"}}, sender, []string{"a@b.c\x00"}, fault.MailInvalid},
		"parameter of the envelope": {policy{"recipients": []any{"*"}}, sender, []string{"a@b.c> NOTIFY=NEVER"}, fault.MailInvalid},
		"no recipient":              {policy{"recipients": []any{"*"}}, sender, nil, fault.MailInvalid},
		"other sender":              {policy{"recipients": []any{"*"}}, "ceo@company.tld", []string{recipient}, fault.MailSender},
		"granted sender":            {policy{"recipients": []any{"*"}, "senders": []any{"*@company.tld"}}, "ceo@company.tld", []string{recipient}, ""},
		"own sender not listed":     {policy{"recipients": []any{"*"}, "senders": []any{"ceo@company.tld"}}, sender, []string{recipient}, fault.MailSender},
		"empty sender":              {policy{"recipients": []any{"*"}, "senders": []any{"*"}}, "", []string{recipient}, fault.MailInvalid},
		"sender with a line break":  {policy{"recipients": []any{"*"}, "senders": []any{"*"}}, "a@b.c>\r\nRCPT TO:<x@y.z", []string{recipient}, fault.MailInvalid},
		"too many":                  {policy{"recipients": []any{"*"}, "maxRecipients": 1}, sender, []string{"a@b.c", "d@e.f"}, fault.MailInvalid},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := open(t, sink, mail.Options{}, test.policy)
			text := strings.Replace(message, sender, test.from, 1)
			_, err := submit(t.Context(), p, request{test.from, test.recipients, []byte(text)})
			if test.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantFault(t, err, test.code, false)
			lacks(t, err.Error(), "evil", recipient, "RCPT")
		})
	}
}

func TestFiftyRecipientsByDefault(t *testing.T) {
	t.Parallel()
	sink := smtpsink.Start(t, smtpsink.Options{})
	p := open(t, sink, mail.Options{}, map[string]any{"recipients": "*"})
	r := fine()
	for i := range 50 {
		r.Recipients = append(r.Recipients, strings.Repeat("a", i+1)+"@b.c")
	}
	_, err := submit(t.Context(), p, r)
	wantFault(t, err, fault.MailInvalid, false)
	r.Recipients = r.Recipients[1:]
	if _, err := submit(t.Context(), p, r); err != nil {
		t.Fatal(err)
	}
	if got := sink.Mails(); len(got) != 1 || len(got[0].Recipients) != 50 {
		t.Errorf("%d mails", len(got))
	}
}

func TestNotConfigured(t *testing.T) {
	t.Parallel()
	p := open(t, nil, mail.Options{}, nil)
	for _, op := range []string{"mail.submit", "mail.defaults"} {
		_, err := p.Call(t.Context(), op, []byte(`{}`))
		wantFault(t, err, fault.MailConfig, false)
	}
	_, err := p.Call(t.Context(), "mail.read", []byte(`{}`))
	wantFault(t, err, fault.PluginDenied, false)
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	p := open(t, nil, mail.Options{Host: "relay.company.tld", FromName: "Penstock"}, nil)
	got, err := p.Call(t.Context(), "mail.defaults", []byte(`{}`))
	if want := `{"from":"pi@company.tld","fromName":"Penstock"}`; err != nil || string(got) != want {
		t.Errorf("defaults %s (%v), want %s", got, err, want)
	}
}

func TestNewRefusesOptions(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		options mail.Options
		where   string
	}{
		"TLS mode":           {mail.Options{Host: "x", TLS: "ssl"}, "smtp.tls"},
		"login without TLS":  {mail.Options{Host: "relay.tld", TLS: mail.NoTLS, Username: "u", Password: "hush"}, "smtp.tls"},
		"sender":             {mail.Options{Host: "x", From: "pi"}, "smtp.from"},
		"sender's name":      {mail.Options{Host: "x", FromName: "a\r\nb"}, "smtp.from_name"},
		"name to greet with": {mail.Options{Host: "x", HelloName: "a\r\nMAIL"}, "smtp.hello_name"},
		"port":               {mail.Options{Host: "x", Port: 70_000}, "smtp.port"},
		"time":               {mail.Options{Host: "x", Timeout: -1}, "smtp"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := mail.New(test.options)
			if fault.CodeOf(err) != fault.ConfigValue || !strings.HasPrefix(err.Error(), test.where+": ") {
				t.Errorf("error %v, want one at %s", err, test.where)
			}
			lacks(t, err.Error(), "hush")
		})
	}
}
