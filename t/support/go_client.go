// go_client PROTOCOL ADDRESS...: one request after the other over TLS, with one
// session cache for all. Prints "reused" or "full" for each.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"os"
)

func visit(address string, config *tls.Config) string {
	connection, err := tls.Dial("tcp", address, config)
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()

	// The ticket of TLS 1.3 comes with what is read.
	fmt.Fprint(connection, "GET / HTTP/1.0\r\n\r\n")
	if _, err := io.ReadAll(connection); err != nil {
		log.Fatal(err)
	}
	if connection.ConnectionState().DidResume {
		return "reused"
	}
	return "full"
}

func main() {
	versions := map[string]uint16{
		"TLSv1.2": tls.VersionTLS12,
		"TLSv1.3": tls.VersionTLS13,
	}
	version := versions[os.Args[1]]
	config := &tls.Config{
		InsecureSkipVerify: true,
		ServerName:         "localhost",
		MinVersion:         version,
		MaxVersion:         version,
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}
	for _, address := range os.Args[2:] {
		fmt.Println(visit(address, config))
	}
}
