'use strict';

// node_client.js HOST PORT PROTOCOL SESSION_FILE: one request over TLS.
// Offers the session from the file, if there is one, stores the new one there
// and prints the protocol and "reused" or "full".

const fs = require('fs');
const tls = require('tls');

const [host, port, protocol, file] = process.argv.slice(2);

const socket = tls.connect({
    host,
    port,
    minVersion: protocol,
    maxVersion: protocol,
    rejectUnauthorized: false,
    session: fs.existsSync(file) ? fs.readFileSync(file) : undefined,
});

socket.on('secureConnect', () => {
    console.log(socket.getProtocol(),
                socket.isSessionReused() ? 'reused' : 'full');
    socket.write('GET / HTTP/1.0\r\n\r\n');
});
socket.on('session', (session) => fs.writeFileSync(file, session));
socket.resume();
