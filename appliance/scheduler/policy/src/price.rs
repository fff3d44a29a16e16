//! What work costs at present: the bid price at which requests stop being worth the replicas' time.
//!
//! Under overload somebody is turned away, and by deadlines alone it would be whoever happens to be late, after the work of
//! others was spent on the largest. A request's *density* is its weight over its work. Filling the fleet's capacity with the
//! densest work first is the optimum of the fractional knapsack (Dantzig 1957), and the density of the last that fits is the
//! dual price of capacity; admitting whatever is worth more than that price is the bid-price control of revenue management
//! (Talluri and van Ryzin, Management Science 44(11), 1998). The price is learnt from what arrived in the last minute and
//! the rates measured; it is zero unless more arrives than can be served. What is worth less is not refused for it, but
//! stands by and takes what is left over.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Moment;

/// How often it is computed anew.
const REVIEW: Duration = Duration::from_millis(500);
/// No price before so many arrivals: too little is known.
const ENOUGH: usize = 32;
/// Arrivals remembered at most.
const MEMORY: usize = 32_768;

/// The price of work, in weight per unit of work.
#[derive(Debug)]
pub(crate) struct Price {
    window: Duration,
    arrivals: VecDeque<Offer>,
    price: f64,
    reviewed: Moment,
}

#[derive(Debug, Clone, Copy)]
struct Offer {
    at: Moment,
    reading: f64,
    density: f64,
}

impl Price {
    pub(crate) fn new(window_ms: f64) -> Self {
        Self {
            window: Duration::from_secs_f64((window_ms / 1e3).max(1.0)),
            arrivals: VecDeque::new(),
            price: 0.0,
            reviewed: Moment(0),
        }
    }

    /// The price now.
    pub(crate) fn now(&self) -> f64 {
        self.price
    }

    /// A request came that needs so many tokens read and is worth so much for its whole work.
    pub(crate) fn offered(&mut self, at: Moment, reading: f64, density: f64) {
        if self.arrivals.len() >= MEMORY {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(Offer { at, reading, density });
    }

    /// Computes the price anew where it is due; `rate` is what the fleet reads, in tokens per second. Returns whether the
    /// price changed.
    pub(crate) fn review(&mut self, now: Moment, rate: f64) -> bool {
        if now < self.reviewed + REVIEW {
            return false;
        }
        self.reviewed = now;
        while self.arrivals.front().is_some_and(|offer| offer.at + self.window < now) {
            self.arrivals.pop_front();
        }
        let before = self.price;
        self.price = self.computed(now, rate);
        (self.price - before).abs() > f64::EPSILON
    }

    fn computed(&self, now: Moment, rate: f64) -> f64 {
        let Some(first) = self.arrivals.front() else { return 0.0 };
        // A quarter of the window at least: a burst after silence is not yet an overload.
        let seconds = now.secs_since(first.at).max(self.window.as_secs_f64() / 4.0);
        let capacity = rate * seconds;
        let offered: f64 = self.arrivals.iter().map(|offer| offer.reading).sum();
        if self.arrivals.len() < ENOUGH || offered <= capacity {
            return 0.0;
        }
        let mut offers: Vec<&Offer> = self.arrivals.iter().collect();
        offers.sort_by(|one, other| other.density.total_cmp(&one.density));
        let mut filled = 0.0;
        for offer in offers {
            filled += offer.reading;
            if filled > capacity {
                return offer.density;
            }
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_overload_work_has_no_price() {
        let mut price = Price::new(60_000.0);
        for second in 0..60 {
            price.offered(Moment::from_secs_f64(f64::from(second)), 900.0, 1.0);
        }
        price.review(Moment::from_secs_f64(60.0), 1_000.0);
        assert!(price.now().abs() < f64::EPSILON);
    }

    #[test]
    fn at_twice_what_can_be_served_the_denser_half_is_worth_it() {
        let mut price = Price::new(60_000.0);
        for second in 0..60 {
            let density = f64::from(second % 10) + 1.0;
            price.offered(Moment::from_secs_f64(f64::from(second)), 2_000.0, density);
        }
        price.review(Moment::from_secs_f64(60.0), 1_000.0);
        assert!((5.0..=6.0).contains(&price.now()), "{}", price.now());
    }
}
