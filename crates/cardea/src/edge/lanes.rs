//! The data threads: started together, reached by their mailboxes, drained together.

use super::Answers;
use super::accept::{Door, Entry};
use super::certificates::Certificates;
use super::crew::Crew;
use super::dock::{Dock, Loads, Ticket};
use super::handed::{self, Errand, Handed, HandedAnswer, InHand, Unserved};
use super::limits::Limits;
use super::listener::{ListenError, listeners};
use super::losses::Losses;
use super::proxies::TrustedProxies;
use super::secure::Secure;
use super::tunnel::Tunnels;
use base::gate::Lane;
use base::world::{Clock, Dice};
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{LocalSet, spawn_local};

/// How often a thread's wheel is moved on.
const TICK: Duration = Duration::from_millis(20);
/// Turns of a thread's tasks between two looks at its sockets: tokio's own choice, said aloud.
const EVENT_INTERVAL: u32 = 61;

/// What to start.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Data threads: one for each core. 1 to 255.
    pub threads: usize,
    /// Where to listen. Port 0 is a free port.
    pub address: SocketAddr,
    /// Where to listen for TLS, and what to show there.
    pub tls: Option<TlsPlan>,
    /// Whom to believe about where a request comes from.
    pub trusted: TrustedProxies,
    /// Whether each connection must begin with a header of the PROXY protocol.
    pub proxy_protocol: bool,
    /// The number of this node in its cluster; 0 when alone.
    pub node: u8,
    pub limits: Limits,
    pub clock: Clock,
}

/// The door for TLS.
#[derive(Clone, Debug)]
pub struct TlsPlan {
    /// Where to listen. Port 0 is a free port.
    pub address: SocketAddr,
    pub certificates: Arc<Certificates>,
}

/// Something to do on a data thread, with what its requests use. It runs between requests: it must be short.
pub type Job<A> = Box<dyn FnOnce(&Rc<A>) + Send>;

/// A job that no thread took: its mailbox is full, or the thread has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the data thread takes no more jobs now")]
pub struct Unposted;

pub(super) enum Mail<A: Answers> {
    Job(Job<A>),
    Connection(Entry, std::net::TcpStream, SocketAddr, Ticket),
    Errand(Box<Errand>),
}

/// The running data threads. Share it in an `Arc`.
pub struct Lanes<A: Answers> {
    address: SocketAddr,
    tls_address: Option<SocketAddr>,
    mail: Vec<mpsc::Sender<Mail<A>>>,
    loads: Loads,
    losses: Losses,
    tunnels: Tunnels,
    next: AtomicUsize,
    /// How long running requests may still take, once it is said.
    drain: watch::Sender<Option<Duration>>,
    threads: Mutex<Vec<Thread>>,
}

struct Thread {
    handle: JoinHandle<()>,
    /// How many connections it cut off at its end.
    ended: oneshot::Receiver<u32>,
}

/// Starts the data threads. `make_desk` is called once on each of them.
pub fn start<A, F>(plan: Plan, make_desk: F) -> Result<Lanes<A>, ListenError>
where
    A: Answers,
    F: Fn(&Rc<Lane>) -> A + Send + Sync + 'static,
{
    if !(1..=255).contains(&plan.threads) {
        return Err(ListenError::Threads(plan.threads));
    }
    let all = listeners(plan.threads, plan.address)?;
    let address = bound(&all, plan.address)?;
    let (secure, tls_address) = match &plan.tls {
        Some(tls) => {
            let all = listeners(plan.threads, tls.address)?;
            let address = bound(&all, tls.address)?;
            (all.into_iter().map(|one| Some((one, address.port()))).collect(), Some(address))
        }
        None => ((0..plan.threads).map(|_| None).collect::<Vec<_>>(), None),
    };
    let (mail, inboxes): (Vec<_>, Vec<_>) = (0..plan.threads).map(|_| mpsc::channel(plan.limits.mailbox_max.max(1))).unzip();
    let (drain, _) = watch::channel(None);
    let loads = Loads::new(plan.threads);
    let (losses, tunnels) = (Losses::default(), Tunnels::default());
    let make_desk = Arc::new(make_desk);
    let lanes = Lanes { address, tls_address, mail, loads, losses, tunnels, next: AtomicUsize::new(0), drain, threads: Mutex::default() };
    for (number, ((listener, secure), inbox)) in all.into_iter().zip(secure).zip(inboxes).enumerate() {
        let (ended, at_end) = oneshot::channel();
        let place = Place {
            thread: number as u8,
            port: address.port(),
            listener,
            secure,
            inbox,
            mail: lanes.mail.clone(),
            loads: lanes.loads.clone(),
            losses: lanes.losses.clone(),
            tunnels: lanes.tunnels.clone(),
            drain: lanes.drain.subscribe(),
            plan: plan.clone(),
        };
        let make_desk = make_desk.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().event_interval(EVENT_INTERVAL).build();
        let runtime = runtime.map_err(ListenError::Thread)?;
        let handle = std::thread::Builder::new()
            .name(format!("data-{number}"))
            .spawn(move || {
                let local = LocalSet::new();
                let cut = local.block_on(&runtime, place.run(|lane| make_desk(lane)));
                // The tasks that are left end here, and record what they were at.
                drop(local);
                if let Err(error) = &cut {
                    tracing::error!(%error, "a data thread could not serve");
                }
                // Nobody may be waiting.
                let _unheard = ended.send(cut.unwrap_or_default());
            })
            .map_err(ListenError::Thread)?;
        lanes.threads.lock().unwrap_or_else(PoisonError::into_inner).push(Thread { handle, ended: at_end });
    }
    Ok(lanes)
}

fn bound(listeners: &[std::net::TcpListener], address: SocketAddr) -> Result<SocketAddr, ListenError> {
    listeners[0].local_addr().map_err(|why| ListenError::Refused { address, why })
}

impl<A: Answers> Lanes<A> {
    /// Where clients come to, with the port that was found.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where clients come to that speak TLS.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.tls_address
    }

    /// How many data threads there are.
    pub fn threads(&self) -> usize {
        self.mail.len()
    }

    /// How many client connections a thread has open, or is about to get.
    pub fn open(&self, thread: usize) -> u32 {
        self.loads.of(thread)
    }

    /// What was lost of connections since the start.
    pub fn losses(&self) -> &Losses {
        &self.losses
    }

    /// How many client connections speak WebSocket now.
    pub fn tunnels(&self) -> u64 {
        self.tunnels.open()
    }

    /// Has this done on one data thread, between requests. Refused when its mailbox is full.
    pub fn post(&self, thread: usize, job: Job<A>) -> Result<(), Unposted> {
        let mail = self.mail.get(thread).ok_or(Unposted)?;
        mail.try_send(Mail::Job(job)).map_err(|_| Unposted)
    }

    /// Has something done on each data thread. An error, if one of them refused; the others do it.
    pub fn post_all(&self, mut job: impl FnMut(usize) -> Job<A>) -> Result<(), Unposted> {
        let refused = (0..self.threads()).filter(|thread| self.post(*thread, job(*thread)).is_err()).count();
        if refused == 0 { Ok(()) } else { Err(Unposted) }
    }

    /// Has a request, which came by another door, answered by a data thread.
    pub async fn serve_once(&self, handed: Handed) -> Result<HandedAnswer, Unserved> {
        let thread = self.next.fetch_add(1, Ordering::Relaxed) % self.threads();
        let (answer, answered) = oneshot::channel();
        self.mail[thread].try_send(Mail::Errand(Box::new(Errand { handed, answer }))).map_err(|_| Unserved::Busy)?;
        answered.await.unwrap_or(Err(Unserved::Cut))
    }

    /// Takes no new connections, lets running requests end, not longer than this, and ends the threads. Says how many connections had
    /// to be cut off. Further calls wait for nothing.
    pub async fn drain(&self, at_most: Duration) -> u32 {
        self.drain.send_replace(Some(at_most));
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let mut cut = 0;
        for thread in threads {
            cut += thread.ended.await.unwrap_or_default();
            if thread.handle.join().is_err() {
                tracing::error!("a data thread had panicked");
            }
        }
        cut
    }
}

impl<A: Answers> Drop for Lanes<A> {
    fn drop(&mut self) {
        // Threads whose owner is gone end at once.
        self.drain.send_replace(Some(Duration::ZERO));
    }
}

/// What one thread gets of its own.
struct Place<A: Answers> {
    thread: u8,
    port: u16,
    listener: std::net::TcpListener,
    /// The listener for TLS, and its port.
    secure: Option<(std::net::TcpListener, u16)>,
    inbox: mpsc::Receiver<Mail<A>>,
    mail: Vec<mpsc::Sender<Mail<A>>>,
    loads: Loads,
    losses: Losses,
    tunnels: Tunnels,
    drain: watch::Receiver<Option<Duration>>,
    plan: Plan,
}

impl<A: Answers> Place<A> {
    /// The life of a thread. Says how many connections are left at its end.
    async fn run(self, make_desk: impl Fn(&Rc<Lane>) -> A) -> io::Result<u32> {
        let Place { thread, port, listener, secure, inbox, mail, loads, losses, tunnels, drain, plan } = self;
        let lane = Rc::new(Lane::new(plan.node, thread, plan.clock, Dice::new()));
        let desk = Rc::new(make_desk(&lane));
        let dock = Rc::new(Dock::new(lane, plan.limits, plan.trusted, loads, losses, tunnels));
        let crew = Rc::new(Crew::new(dock.clone(), desk.clone()));
        let (secure, secure_listener) = match (plan.tls, secure) {
            (Some(tls), Some((listener, port))) => {
                let secure = Secure::new(dock.clone(), desk.clone(), tls.certificates, port);
                (Some(Rc::new(secure)), Some(tokio::net::TcpListener::from_std(listener)?))
            }
            _ => (None, None),
        };
        let door = Rc::new(Door { dock: dock.clone(), crew, port, secure, proxy_protocol: plan.proxy_protocol, threads: mail.into() });
        let listener = tokio::net::TcpListener::from_std(listener)?;
        spawn_local(tick(dock.clone()));
        let in_hand = Rc::new(InHand::default());
        let mailbox = Rc::new(Mailbox { inbox: RefCell::new(inbox), door: door.clone(), desk, in_hand: in_hand.clone() });
        spawn_local(mailbox.clone().read());
        match secure_listener {
            Some(secure) => {
                tokio::join!(door.keep(Entry::Plain, listener, drain.clone()), door.keep(Entry::Tls, secure, drain.clone()));
            }
            None => door.keep(Entry::Plain, listener, drain.clone()).await,
        }
        mailbox.empty();
        // Without an owner there is nobody to wait for.
        let at_most = drain.borrow().filter(|at_most| !at_most.is_zero());
        dock.drain(at_most.unwrap_or_default());
        if let Some(at_most) = at_most {
            let patience = dock.lane.deadlines.watch();
            patience.set(at_most);
            let mut empty = pin!(async {
                poll_fn(|cx| dock.poll_empty(cx)).await;
                in_hand.emptied().await;
            });
            poll_fn(|cx| if empty.as_mut().poll(cx).is_ready() { Poll::Ready(()) } else { patience.poll_passed(cx) }).await;
        }
        Ok(dock.open() + in_hand.count())
    }
}

/// What others want of a thread.
struct Mailbox<A: Answers> {
    inbox: RefCell<mpsc::Receiver<Mail<A>>>,
    door: Rc<Door<A>>,
    desk: Rc<A>,
    in_hand: Rc<InHand>,
}

impl<A: Answers> Mailbox<A> {
    /// Does what comes, as it comes.
    async fn read(self: Rc<Self>) {
        while let Some(mail) = poll_fn(|cx| self.inbox.borrow_mut().poll_recv(cx)).await {
            self.handle(mail);
        }
    }

    /// Does at once what is there.
    fn empty(&self) {
        loop {
            let mail = self.inbox.borrow_mut().try_recv();
            let Ok(mail) = mail else { return };
            self.handle(mail);
        }
    }

    fn handle(&self, mail: Mail<A>) {
        match mail {
            Mail::Connection(entry, stream, peer, ticket) => self.door.admit_std(entry, stream, peer, ticket),
            Mail::Errand(errand) => handed::run(*errand, self.door.dock.clone(), self.desk.clone(), self.in_hand.clone()),
            Mail::Job(job) => {
                if catch_unwind(AssertUnwindSafe(|| job(&self.desk))).is_err() {
                    tracing::error!("a job on a data thread panicked");
                }
            }
        }
    }
}

async fn tick(dock: Rc<Dock>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        dock.tick();
    }
}
