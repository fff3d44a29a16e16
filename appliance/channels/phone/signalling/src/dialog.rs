//! A dialog: two sides, their tags, their sequence numbers, and the way between them (RFC 3261 §12).

use crate::CallName;
use crate::message::{Known, NameAddr, Request, Response};
use crate::route::Route;

/// One dialog. It is the same for both roles; what differs is only how it began.
#[derive(Debug, Clone)]
pub(crate) struct Dialog {
    pub(crate) name: CallName,
    /// Our address with our tag.
    pub(crate) local: NameAddr,
    /// Theirs, with their tag if they have one.
    pub(crate) remote: NameAddr,
    /// Where requests are addressed to.
    pub(crate) target: String,
    /// By which proxies.
    pub(crate) routes: Vec<String>,
    /// The last number that we used.
    pub(crate) local_cseq: u32,
    /// The last number that they used.
    pub(crate) remote_cseq: Option<u32>,
    /// The way on which requests go.
    pub(crate) route: Route,
}

/// A number that is not beyond the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutOfOrder;

impl Dialog {
    /// The dialog that our answer to a request makes. `None` when the request has not what it takes.
    pub(crate) fn from_request(request: &Request, tag: &str, route: &Route) -> Option<Self> {
        let headers = &request.headers;
        let remote = NameAddr::parse(headers.get(Known::From)?).ok()?;
        let mut local = NameAddr::parse(headers.get(Known::To)?).ok()?;
        local.params.set("tag", Some(tag));
        let name = CallName {
            call_id: headers.call_id().to_owned(),
            local_tag: tag.to_owned(),
            remote_tag: remote.tag().unwrap_or_default().to_owned(),
        };
        let routes = headers.list(Known::RecordRoute).map(str::to_owned).collect();
        Some(Self {
            name,
            local,
            target: headers.address(Known::Contact).map_or_else(|| remote.uri.to_string(), |c| as_target(&c)),
            remote,
            routes,
            local_cseq: 0,
            remote_cseq: headers.cseq().map(|cseq| cseq.number),
            route: route.clone(),
        })
    }

    /// The dialog that a response to our request makes, early or not.
    pub(crate) fn from_response(request: &Request, response: &Response, route: &Route) -> Option<Self> {
        let local = NameAddr::parse(request.headers.get(Known::From)?).ok()?;
        let remote = NameAddr::parse(response.headers.get(Known::To)?).ok()?;
        let name = CallName {
            call_id: request.headers.call_id().to_owned(),
            local_tag: local.tag()?.to_owned(),
            remote_tag: remote.tag().unwrap_or_default().to_owned(),
        };
        let mut dialog = Self {
            name,
            local,
            remote,
            target: request.uri.clone(),
            routes: Vec::new(),
            local_cseq: request.headers.cseq()?.number,
            remote_cseq: None,
            route: route.clone(),
        };
        dialog.learn(response);
        Some(dialog)
    }

    /// Takes target and route set over from a response that settles them.
    pub(crate) fn learn(&mut self, response: &Response) {
        if let Some(contact) = response.headers.address(Known::Contact) {
            self.target = as_target(&contact);
        }
        self.routes = response.headers.list(Known::RecordRoute).map(str::to_owned).collect();
        self.routes.reverse();
    }

    /// Takes the target over from a request or response that refreshes it (re-INVITE, UPDATE).
    pub(crate) fn refresh_target(&mut self, contact: Option<NameAddr>) {
        if let Some(contact) = contact {
            self.target = as_target(&contact);
        }
    }

    /// Takes a request's number.
    ///
    /// # Errors
    /// [`OutOfOrder`] when it is not beyond the last: 500 (RFC 3261 §12.2.2).
    pub(crate) fn take_number(&mut self, number: u32) -> Result<(), OutOfOrder> {
        if self.remote_cseq.is_some_and(|last| number <= last) {
            return Err(OutOfOrder);
        }
        self.remote_cseq = Some(number);
        Ok(())
    }

    /// A request in this dialog, with the next number. ACK and CANCEL bear that of their INVITE instead.
    pub(crate) fn request(&mut self, method: &str) -> Request {
        self.local_cseq += 1;
        let number = self.local_cseq;
        self.request_numbered(method, number)
    }

    /// A request in this dialog with a given number.
    pub(crate) fn request_numbered(&self, method: &str, number: u32) -> Request {
        let mut request = Request::new(method, &self.target);
        let headers = &mut request.headers;
        headers.push(Known::MaxForwards, "70");
        for route in &self.routes {
            headers.push(Known::Route, route.as_str());
        }
        headers.push(Known::From, self.local.to_string());
        headers.push(Known::To, self.remote.to_string());
        headers.push(Known::CallId, self.name.call_id.as_str());
        headers.push(Known::CSeq, format!("{number} {method}"));
        // A proxy that knows no loose routing wants itself in the request line and the target as the last route (§12.2.1.1).
        if let Some(first) = self.routes.first().and_then(|route| NameAddr::parse(route).ok())
            && !first.uri.params.has("lr")
        {
            let mut routes: Vec<_> = self.routes[1..].to_vec();
            routes.push(format!("<{}>", self.target));
            request.headers.remove(Known::Route);
            for route in routes {
                request.headers.push(Known::Route, route);
            }
            let mut strict = first.uri;
            strict.params.retain(|name| !name.eq_ignore_ascii_case("method"));
            request.uri = strict.to_string();
        }
        request
    }

    /// The address of the next hop: the first proxy, or the target.
    pub(crate) fn next_hop(&self) -> Option<crate::message::Uri> {
        match self.routes.first() {
            Some(route) => NameAddr::parse(route).ok().map(|route| route.uri),
            None => crate::message::Uri::parse(&self.target).ok(),
        }
    }
}

/// A contact as it may stand in a request line: without headers and method (RFC 3261 §19.1.1).
fn as_target(contact: &NameAddr) -> String {
    let mut uri = crate::message::Uri { headers: None, ..contact.uri.clone() };
    uri.params.retain(|name| !name.eq_ignore_ascii_case("method"));
    uri.to_string()
}
