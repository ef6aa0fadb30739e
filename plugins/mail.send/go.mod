module github.com/penstock/penstock/plugins/mail.send

go 1.26.0

require github.com/penstock/penstock/sdk/go v0.0.0

replace github.com/penstock/penstock/sdk/go => ../../sdk/go
