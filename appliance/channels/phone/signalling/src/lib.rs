//! SIP: calls signalled over UDP, TCP and TLS.
