/*
 * A certificate for localhost, 127.0.0.1 and ::1, which signs itself, and its key. They protect nothing: both are public.
 * They were made once, and hold from 2020 to 2120, since a certificate of today is refused where the clock is behind:
 *
 *   openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out request.pem -subj /CN=localhost
 *   openssl ca -selfsign -keyfile key.pem -in request.pem -out cert.pem -startdate 20200101000000Z -enddate 21200101000000Z
 *
 * with the extensions `subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1` and `basicConstraints=critical,CA:TRUE`.
 */

/** @internal In PEM. Also the authority to trust, since it signs itself. */
export const LOCALHOST_CERTIFICATE: string = `-----BEGIN CERTIFICATE-----
MIIBeTCCAR+gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAXlmQKcvm/Mi8T1
VLueXeJUsU5FuL9kotnZvseeGP2CoVogpTQseg0vHtJh3OaEeV6PqRxGrBBTpHfH
B4xEKL+jYDBeMCwGA1UdEQQlMCOCCWxvY2FsaG9zdIcEfwAAAYcQAAAAAAAAAAAA
AAAAAAAAATAPBgNVHRMBAf8EBTADAQH/MB0GA1UdDgQWBBTsWQjJ7CaVkTDDpzyQ
dueZIhjJCTAKBggqhkjOPQQDAgNIADBFAiBFVvGoqlwm/Cizwyqvpn08n0jNU3h/
7CqH7FeUz1NMxQIhAI+REfBitrlQDKnhDxjAWwY/ykiXdyftkIqhSVDBwiMJ
-----END CERTIFICATE-----
`

/** @internal In PEM. */
export const LOCALHOST_KEY: string = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgm7GQfGlsCu+wDPXE
NJ+Dr9IfP/VAuoOM4rTmqPI7lGahRANCAAQF5ZkCnL5vzIvE9VS7nl3iVLFORbi/
ZKLZ2b7Hnhj9gqFaIKU0LHoNLx7SYdzmhHlej6kcRqwQU6R3xweMRCi/
-----END PRIVATE KEY-----
`
