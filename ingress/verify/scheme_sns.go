package verify

import (
	"crypto"
	"crypto/sha1" //nolint:gosec // what version 1 of SNS signs with
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/value"
	"github.com/penstock/penstock/runtime/webhook"
)

// snsScheme proves the messages of Amazon SNS: an RSA signature over some fields of the body, each as
// name and value on lines of their own, by the key of the certificate at SigningCertURL.
//
// Every customer of AWS can have SNS sign anything for topics of their own, so the topics are an allow
// list that must not be empty. The fields behind the message are held to forms without line breaks,
// so that the signed text can be read in one way only.
type snsScheme struct {
	certs     *signerCerts
	topics    []string
	versions  []string // of the signature
	tolerance time.Duration
}

const (
	snsTolerance  = time.Hour // SNS gives up on a message after that time
	snsTypeHeader = "x-amz-sns-message-type"

	snsNotification = "Notification"
	snsSubscribe    = "SubscriptionConfirmation"
	snsUnsubscribe  = "UnsubscribeConfirmation"

	snsSHA1   = "1"
	snsSHA256 = "2"

	maxSNSSignature = 1024 // bytes of the largest RSA key's signature
)

var (
	errSNSBody      = &Refusal{BodyMalformed, "the body is not a message of SNS: leave raw message delivery off"}
	errSNSType      = &Refusal{BodyMalformed, "header and body name different message types"}
	errSNSVersion   = &Refusal{AlgorithmRefused, "the signature version is unknown, or not among the allowed algorithms"}
	errSNSCert      = &Refusal{KeyHost, "SigningCertURL is not a .pem file on a host of SNS over https"}
	errSNSSubscribe = &Refusal{HandshakeRefused, "SubscribeURL is not an address of SNS over https that confirms a subscription"}
	errSNSTopic     = &Refusal{TopicRefused, "the topic is not among topicArns"}
)

var (
	snsHost  = regexp.MustCompile(`^sns\.[a-z0-9-]{3,}\.amazonaws\.com(\.cn)?$`)
	snsPath  = regexp.MustCompile(`^/[A-Za-z0-9_-]+\.pem$`)
	snsName  = regexp.MustCompile(`^(sns|sns-[a-z0-9-]{3,}|sns-signing\.[a-z0-9-]{3,})\.amazonaws\.com(\.cn)?$`)
	snsTopic = regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$`)
	snsID    = regexp.MustCompile(`^[A-Za-z0-9-]{1,100}$`)
	snsToken = regexp.MustCompile(`^[A-Za-z0-9._=-]+$`)
)

// snsMessage is the body. Its order is the one of the constants.
type snsMessage [11]jsonText

const (
	snsFieldMessage = iota
	snsFieldID
	snsFieldSubject
	snsFieldSubscribe
	snsFieldTimestamp
	snsFieldToken
	snsFieldTopic
	snsFieldType // the signed fields up to here, in the order in which they are signed
	snsFieldVersion
	snsFieldSignature
	snsFieldCert
)

func newSNSMessage() snsMessage {
	return snsMessage{
		{name: "Message"},
		{name: "MessageId"},
		{name: "Subject"},
		{name: "SubscribeURL"},
		{name: "Timestamp"},
		{name: "Token"},
		{name: "TopicArn"},
		{name: "Type"},
		{name: "SignatureVersion"},
		{name: "Signature"},
		{name: "SigningCertURL"},
	}
}

func makeSNS(s *preset, w webhook.Verify, m Material) (scheme, error) {
	if len(m.Secrets) > 0 {
		return nil, invalid("secrets", "the preset %q takes no secret: AWS signs with its own key", s.name)
	}
	n := &snsScheme{
		topics: w.Options["topicArns"], versions: []string{snsSHA1, snsSHA256}, tolerance: s.toleranceOr(snsTolerance),
	}
	if len(n.topics) == 0 {
		return nil, invalid("topicArns", "the preset %q needs the topics that may call", s.name).
			WithHint("every customer of AWS can have SNS sign messages of their own topics")
	}
	for _, topic := range n.topics {
		if !snsTopic.MatchString(topic) {
			return nil, invalid("topicArns", "%q is not the ARN of a topic, such as arn:aws:sns:eu-west-1:123456789012:orders", topic)
		}
	}
	if allowed := w.Options["algorithms"]; len(allowed) > 0 {
		n.versions = nil
		for _, name := range allowed {
			version, ok := map[string]string{"sha1": snsSHA1, "sha256": snsSHA256}[name]
			if !ok {
				return nil, invalid("algorithms", "%q is none of \"sha1\", \"sha256\"", name)
			}
			n.versions = append(n.versions, version)
		}
	}
	var err error
	n.certs, err = newSignerCerts(s, m, snsName.MatchString)
	return n, err
}

func (n *snsScheme) verify(req *Request, now time.Time) (Delivery, *Refusal) {
	msg := newSNSMessage()
	if !readTexts(req.Body, "", msg[:]) {
		return Delivery{}, errSNSBody
	}
	if header, count := req.Header.Field(snsTypeHeader); count > 1 {
		return Delivery{}, errHeaderRepeated
	} else if count == 1 && string(header) != msg[snsFieldType].text {
		return Delivery{}, errSNSType
	}
	if r := n.checkFields(&msg, now); r != nil {
		return Delivery{}, r
	}
	encoded := msg[snsFieldSignature].text
	signature, err := strictBase64.DecodeString(encoded)
	if err != nil || len(signature) > maxSNSSignature || len(signature) < minRSABits/8 || strings.ContainsAny(encoded, "\r\n") {
		return Delivery{}, errSignatureMalformed
	}
	hash, digest := msg.digest()
	if r := n.certs.check(msg[snsFieldCert].text, hash, digest, signature, now); r != nil {
		return Delivery{}, r
	}
	if msg[snsFieldType].text == snsNotification {
		return Delivery{ID: msg[snsFieldID].text, Window: remembered(n.tolerance)}, nil
	}
	h := &Handshake{Name: msg[snsFieldType].text, Status: http.StatusOK, Type: typeText}
	// The address of an UnsubscribeConfirmation would subscribe again what somebody has just ended.
	if h.Name == snsSubscribe {
		h.Confirm = msg[snsFieldSubscribe].text
	}
	return Delivery{Handshake: h}, nil
}

// checkFields judges all that needs no key. What is cheap comes before the certificate, which a stranger
// could have us fetch.
func (n *snsScheme) checkFields(msg *snsMessage, now time.Time) *Refusal {
	confirms := msg[snsFieldType].text == snsSubscribe || msg[snsFieldType].text == snsUnsubscribe
	switch {
	case !confirms && msg[snsFieldType].text != snsNotification, !msg[snsFieldMessage].given:
		return errSNSBody
	case !msg[snsFieldSignature].given:
		return errSignatureMissing
	case !slices.Contains(n.versions, msg[snsFieldVersion].text):
		return errSNSVersion
	case !slices.Contains(n.topics, msg[snsFieldTopic].text):
		return errSNSTopic
	case !msg[snsFieldID].given:
		return errDeliveryMissing
	case !snsID.MatchString(msg[snsFieldID].text):
		return errDeliveryMalformed
	case !msg[snsFieldTimestamp].given:
		return errTimestampMissing
	case !snsCertURL(msg[snsFieldCert].text):
		return errSNSCert
	case confirms && !snsToken.MatchString(msg[snsFieldToken].text), !plainText([]byte(msg[snsFieldSubject].text)):
		return errSNSBody
	case confirms && !snsConfirmURL(msg[snsFieldSubscribe].text):
		return errSNSSubscribe
	}
	at, ok := parseTimestamp(formRFC3339, []byte(msg[snsFieldTimestamp].text))
	if !ok {
		return errTimestampMalformed
	}
	return checkAge(at, n.tolerance, now)
}

// digest hashes the signed text.
func (msg *snsMessage) digest() (crypto.Hash, []byte) {
	kind, h := crypto.SHA256, sha256.New()
	if msg[snsFieldVersion].text == snsSHA1 {
		kind, h = crypto.SHA1, sha1.New()
	}
	confirms := msg[snsFieldType].text != snsNotification
	for i := range msg[:snsFieldType+1] {
		switch {
		case i == snsFieldSubject && (confirms || !msg[i].given):
			continue
		case (i == snsFieldSubscribe || i == snsFieldToken) && !confirms:
			continue
		}
		fmt.Fprintf(h, "%s\n%s\n", msg[i].name, msg[i].text)
	}
	return kind, h.Sum(nil)
}

// snsCertURL reports whether an address is a certificate of SNS: https, a host of SNS and nothing but it
// in front of one path that ends in .pem.
func snsCertURL(text string) bool {
	u, ok := snsURL(text)
	return ok && u.RawQuery == "" && !u.ForceQuery && snsPath.MatchString(u.EscapedPath())
}

// snsConfirmURL reports whether an address confirms a subscription at SNS.
func snsConfirmURL(text string) bool {
	u, ok := snsURL(text)
	if !ok || u.Path != "/" || u.RawPath != "" {
		return false
	}
	action, n := queryValue(text, "Action")
	return n == 1 && action == "ConfirmSubscription"
}

func snsURL(text string) (*url.URL, bool) {
	for _, c := range []byte(text) {
		if c <= ' ' || c > '~' || c == '\\' {
			return nil, false
		}
	}
	u, err := url.Parse(text)
	// u.Host holds the port, if there is one, so the pattern takes none.
	return u, err == nil && strings.HasPrefix(text, "https://") && u.User == nil && !strings.Contains(text, "#") && snsHost.MatchString(u.Host)
}

// sign makes the body a message of SNS: what it lacks of one is filled in, and a body that is none
// becomes the Message of a Notification.
func (n *snsScheme) sign(o *Outgoing) error {
	msg, object := newSNSMessage(), map[string]any{}
	if readTexts(o.Body, "", msg[:]) && msg[snsFieldType].given {
		v, err := value.Decode(o.Body)
		if err != nil {
			return invalid("body", "%s", err)
		}
		object, _ = v.(map[string]any)
	} else {
		msg = newSNSMessage()
		msg[snsFieldMessage].set(string(o.Body))
	}
	topic := msg[snsFieldTopic].or(n.topics[0])
	if !snsTopic.MatchString(topic) {
		return invalid("body", "TopicArn is not the ARN of a topic")
	}
	host := snsHostOf(topic)
	msg[snsFieldID].set(idOf(o.ID, "-"))
	msg[snsFieldTimestamp].set(o.Now.UTC().Format("2006-01-02T15:04:05.000Z"))
	msg[snsFieldMessage].or("")
	if msg[snsFieldType].or(snsNotification) != snsNotification {
		token := msg[snsFieldToken].or(idOf(o.ID, ""))
		msg[snsFieldSubscribe].or("https://" + host + "/?Action=ConfirmSubscription&TopicArn=" + topic + "&Token=" + token)
	}
	msg[snsFieldVersion].set(slices.Max(n.versions))
	msg[snsFieldCert].set("https://" + host + "/SimpleNotificationService-00000000000000000000000000000000.pem")
	hash, digest := msg.digest()
	signature, err := signRSA(o.PrivateKey, hash, digest)
	if err != nil {
		return err
	}
	msg[snsFieldSignature].set(base64.StdEncoding.EncodeToString(signature))
	for _, f := range msg {
		if f.given {
			object[f.name] = f.text
		}
	}
	if o.Body, err = value.AppendJSON(nil, object); err != nil {
		return invalid("body", "%s", err)
	}
	o.set("Content-Type", "text/plain; charset=UTF-8")
	o.set(snsTypeHeader, msg[snsFieldType].text)
	o.set("x-amz-sns-message-id", msg[snsFieldID].text)
	o.set("x-amz-sns-topic-arn", topic)
	return nil
}

// snsHostOf gives the host of SNS in the region of a topic.
func snsHostOf(topic string) string {
	region := strings.Split(topic, ":")[3]
	host := "sns." + region + ".amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		host += ".cn"
	}
	return host
}

func (t *jsonText) set(text string) { t.text, t.given = text, true }

// or gives the text, which is set to fallback where it is not given.
func (t *jsonText) or(fallback string) string {
	if !t.given {
		t.set(fallback)
	}
	return t.text
}
