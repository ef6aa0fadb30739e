package verify

// The patterns of addresses that requests name.
var (
	SNSCertURL    = snsCertURL
	SNSConfirmURL = snsConfirmURL
	SNSName       = snsName.MatchString
	PayPalCertURL = paypalCertURL
)
