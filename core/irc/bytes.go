package irc

// byteClass is a set of kinds of bytes.
type byteClass uint8

const (
	isLetter  byteClass = 1 << iota
	isDigit             //
	isHyphen            //
	isSpecial           // the other bytes of nicks, RFC 2812 section 2.3.1
	isVendor            // what the vendor of a tag consists of, a host name
	isUser              // what a user name consists of
	isHost              // what a shown host consists of
	isServer            // what a server name consists of
)

// byteClasses tells the classes of each byte. Bytes above 127 have none.
var byteClasses = func() (t [256]byteClass) {
	add := func(classes byteClass, bytes string) {
		for i := range len(bytes) {
			t[bytes[i]] |= classes
		}
	}
	const everywhere = isVendor | isUser | isHost | isServer
	add(isLetter|everywhere, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	add(isDigit|everywhere, "0123456789")
	add(isHyphen|everywhere, "-")
	add(everywhere, ".")
	add(isSpecial|isUser, "[]\\`_^{|}")
	add(isUser, "~+")
	add(isHost, "_:/")
	add(isServer, "_")
	return t
}()

// has reports whether c is in one of classes.
func has(c byte, classes byteClass) bool { return byteClasses[c]&classes != 0 }

// consistsOf reports whether s is not empty and every byte of it is in one of classes.
func consistsOf(s string, classes byteClass) bool {
	for i := range len(s) {
		if !has(s[i], classes) {
			return false
		}
	}
	return s != ""
}
