package ssrf

import (
	"strconv"
	"strings"
)

// Case is a URL that no request may be made to.
type Case struct{ Name, URL string }

// Cases gives the forbidden URLs of a scheme, http or https, on a port where a listener waits. Names in
// them are answered by [Serve].
func Cases(scheme string, port int) []Case {
	var list []Case
	for group, hosts := range hosts() {
		for _, host := range hosts {
			list = append(list, Case{group + " " + host, scheme + "://" + host + ":" + strconv.Itoa(port) + "/"})
		}
	}
	fill := strings.NewReplacer("SCHEME", scheme, "PORT", strconv.Itoa(port))
	for group, urls := range tricks() {
		for _, u := range urls {
			list = append(list, Case{group + " " + u, fill.Replace(u)})
		}
	}
	return list
}

// hosts are spellings of places that are not public.
func hosts() map[string][]string {
	return map[string][]string{
		"loopback": {
			"127.0.0.1", "127.1", "127.0.1", "127.0.0.01", "127.000.000.001", "0127.0.0.1", "0177.0.0.1", "0177.1", "00000177.0.0.1",
			"0x7f.0.0.1", "0x7f.1", "0X7F.1", "0x7f.0x0.0x0.0x1", "0x7f000001", "0x00000000007f000001", "2130706433", "017700000001",
			"127.0x1", "127.0.0.1.", "127.0.0.2", "127.255.255.254", "127.65535", "4294967297",
		},
		"unspecified": {"0", "00", "0x0", "0.0", "0.0.0.0", "0.0.0.0.", "0.1.2.3", "[::]", "[0:0:0:0:0:0:0:0]", "[::0.0.0.0]"},
		"loopback6": {
			"[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::0.0.0.1]", "[::1%25lo]", "[::1%251]", "[::1%2525lo]", "[::1%lo]",
		},
		"mapped": {
			"[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]", "[::ffff:0.0.0.0]",
			"[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::ffff:127.0.0.1%25lo]",
		},
		"embedded": {
			"[::127.0.0.1]", "[::7f00:1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a00:1]",
			"[64:ff9b::a9fe:a9fe]", "[64:ff9b::]", "[64:ff9b:1::7f00:1]", "[64:ff9b:1::808:808]", "[2002:7f00:1::]", "[2002:7f00:1::1]",
			"[2002:a00:1::]", "[2002:a9fe:a9fe::]", "[2002:808:808::1]", "[2001::80ff:fffe]", "[2001:0:808:808::80ff:fffe]",
		},
		"private": {
			"10.0.0.1", "10.255.255.255", "0xa.1", "167772161", "012.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255",
			"[fc00::1]", "[fd00::1]", "[fdff:ffff::1]", "[fec0::1]",
		},
		"shared":     {"100.64.0.1", "100.127.255.254"},
		"link-local": {"169.254.0.1", "169.254.255.254", "[fe80::1]", "[fe80::1%25eth0]", "[fe80::1%25lo]", "[fe80::1%eth0]", "[febf::1]"},
		"metadata": {
			"169.254.169.254", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "169.254.43518", "169.16689662", "169.254.170.2",
			"100.100.100.200", "192.0.0.192", "168.63.129.16", "[fd00:ec2::254]", "[fd20:ce::254]",
		},
		"special": {
			"192.0.0.1", "192.0.0.8", "192.0.0.170", "192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.175.48.1",
			"198.18.0.1", "198.19.255.254", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.254",
			"255.255.255.255", "[100::1]", "[100:0:0:1::1]", "[2001:1::1]", "[2001:2::1]", "[2001:10::1]", "[2001:20::1]", "[2001:1ff::1]",
			"[2001:db8::1]", "[2620:4f:8000::1]", "[3fff::1]", "[3fff:fff::1]", "[4000::1]", "[5f00::1]", "[8000::1]", "[ff01::1]", "[ff02::1]",
			"[ff0e::1]", "[::2]", "[64:ff9b:0:1::1]",
		},
		"unicode": {
			"127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "①②⑦.⓪.⓪.①", "１２７.0.0.1", "١٢٧.٠.٠.١", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "localhoſt", "ｌｏｃａｌｈｏｓｔ",
			"[::１]", "localhost\u00ad", "127.0.0.1\u200b", "loop\u3002test",
		},
		"name": {
			"localhost", "LOCALHOST", "LocalHost", "localhost.", "sub.localhost", "metadata.google.internal", "Metadata.Google.Internal",
			"metadata.google.internal.", "loop.test", "LOOP.test", "loop.test.", "loop6.test", "private.test", "private6.test", "linklocal6.test",
			"zero.test", "mapped.test", "mapped6.test", "nat64.test", "sixtofour.test", "mixed.test", "mixed-last.test", "mixed6.test", "many.test",
			"cname.test", "chain.test", "127.0.0.1.test", "metadata.test", "broadcast.test",
		},
	}
}

// tricks are URLs that readers understand in different ways, or not at all.
func tricks() map[string][]string {
	return map[string][]string{
		"user": {
			"SCHEME://public.test@127.0.0.1:PORT/", "SCHEME://public.test:80@127.0.0.1:PORT/", "SCHEME://127.0.0.1:PORT@public.test/",
			"SCHEME://@127.0.0.1:PORT/", "SCHEME://:@127.0.0.1:PORT/", "SCHEME://a@b@127.0.0.1:PORT/", "SCHEME://public.test%40127.0.0.1:PORT/",
			"SCHEME://user:password@public.test/",
		},
		"backslash": {
			`SCHEME://public.test\@127.0.0.1:PORT/`, `SCHEME://127.0.0.1:PORT\@public.test/`, `SCHEME:\\127.0.0.1:PORT\`, `SCHEME:/\127.0.0.1:PORT/`,
			`SCHEME://public.test\.127.0.0.1:PORT/`, `SCHEME://public.test/\@127.0.0.1`, `\\127.0.0.1:PORT\`,
		},
		"slashes": {"SCHEME:127.0.0.1:PORT", "SCHEME:/127.0.0.1:PORT/", "SCHEME:///127.0.0.1:PORT/", "SCHEME:////127.0.0.1:PORT/", "//127.0.0.1:PORT/", "127.0.0.1:PORT", ""},
		"fragment": {
			"SCHEME://127.0.0.1:PORT#@public.test/", "SCHEME://127.0.0.1:PORT/#.public.test", "SCHEME://127.0.0.1:PORT?@public.test/",
			"SCHEME://127.0.0.1:PORT%23@public.test/", "SCHEME://127.0.0.1:PORT;@public.test/", "SCHEME://127.0.0.1;public.test:PORT/",
		},
		"percent": {
			"SCHEME://%31%32%37.0.0.1:PORT/", "SCHEME://127%2e0%2e0%2e1:PORT/", "SCHEME://127.0.0.1%2f.public.test:PORT/", "SCHEME://127.0.0.1%00.public.test:PORT/",
			"SCHEME://127.0.0.1%0d%0aX:PORT/", "SCHEME://localhost%2e:PORT/", "SCHEME://%6c%6f%63alhost:PORT/", "SCHEME://127%E3%80%820%E3%80%820%E3%80%821:PORT/",
			"SCHEME://[%3a%3a1]:PORT/", "SCHEME://%5b::1%5d:PORT/",
		},
		"space": {
			" SCHEME://127.0.0.1:PORT/", "SCHEME://127.0.0.1 :PORT/", "SCHEME://127.0.0.1\t:PORT/", "SCHEME://127.0.\n0.1:PORT/", "SCHEME://127.0.0.1:PORT\r\n/",
			"SCHEME://public.test/\r\nHost: 127.0.0.1", "SCHEME://public.test/? HTTP/1.1\r\nX: y", "SCHEME://public.test/?a HTTP/1.1", "\x00SCHEME://127.0.0.1:PORT/", "SCHEME://127.0.0.1\x00.test:PORT/",
		},
		"brackets": {
			"SCHEME://[127.0.0.1]:PORT/", "SCHEME://::1:PORT/", "SCHEME://[::1:PORT/", "SCHEME://::1]:PORT/", "SCHEME://[[::1]]:PORT/", "SCHEME://[v1.127]:PORT/",
			"SCHEME://[localhost]:PORT/", "SCHEME://[::1].test:PORT/", "SCHEME://a[::1]:PORT/", "SCHEME://[]:PORT/",
		},
		"port": {
			"SCHEME://127.0.0.1:PORT:80/", "SCHEME://public.test:80:PORT/", "SCHEME://public.test:0PORT/", "SCHEME://public.test:+PORT/", "SCHEME://public.test:-1/",
			"SCHEME://public.test:0/", "SCHEME://public.test:65536/", "SCHEME://public.test:4294967376/", "SCHEME://public.test:http/", "SCHEME://public.test:/",
			"SCHEME://public.test:22/", "SCHEME://public.test:25/", "SCHEME://public.test:6379/", "SCHEME://public.test:８０/",
		},
		"scheme": {
			"file:///etc/passwd", "file://127.0.0.1/etc/passwd", "gopher://127.0.0.1:PORT/_x", "ftp://127.0.0.1:PORT/", "dict://127.0.0.1:PORT/", "ldap://127.0.0.1:PORT/",
			"ws://127.0.0.1:PORT/", "wss://127.0.0.1:PORT/", "unix:///run/docker.sock", "http+unix://%2Frun%2Fdocker.sock/", "jar:SCHEME://127.0.0.1:PORT!/", "data:text/plain,x",
			"javascript:x", "view-source:SCHEME://127.0.0.1:PORT/", "SCHEME+x://127.0.0.1:PORT/", "h\u0442tp://127.0.0.1:PORT/", "url:SCHEME://127.0.0.1:PORT/",
		},
		"label": {
			"SCHEME://.127.0.0.1:PORT/", "SCHEME://127..0.0.1:PORT/", "SCHEME://127.0.0.1..:PORT/", "SCHEME://a..test:PORT/", "SCHEME://.:PORT/", "SCHEME://*.test:PORT/",
			"SCHEME://256.0.0.1:PORT/", "SCHEME://127.0.0.1.5:PORT/", "SCHEME://0x7f.test.1:PORT/", "SCHEME://a,b.test:PORT/",
			"SCHEME://" + strings.Repeat("a", 64) + ".test:PORT/", "SCHEME://" + strings.Repeat("a.", 130) + "test:PORT/", "SCHEME://public.test/" + strings.Repeat("a", 9000),
		},
	}
}
