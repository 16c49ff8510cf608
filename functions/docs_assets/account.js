"use strict";

// The account's page. It asks the API as any caller does. What comes back is only ever put in as text.

const PAYERS_SHOWN = 10;
const PAGE = 25;
const TYPING_PAUSE_MS = 150;

const LANGUAGE = "en-GB"; // the page's own
const points = new Intl.NumberFormat(LANGUAGE);
const signed = new Intl.NumberFormat(LANGUAGE, { signDisplay: "always" });
const day = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "full" });
const time = new Intl.DateTimeFormat(LANGUAGE, { timeStyle: "medium" });
const moment = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "short" });

const part = (id) => document.getElementById(id);
const withSign = (amount) => signed.format(amount).replace("-", "−");

/** Make an element. Properties that it does not have are attributes. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/* --- Asking --- */

/** An answer other than the one hoped for, in the problem's own words. */
class Refusal extends Error {
  constructor(status, title, detail) {
    super(title);
    this.status = status;
    this.title = title;
    this.detail = detail;
  }
}

const token = () => sessionStorage.getItem("token") ?? "";
const account = () => new URLSearchParams(location.hash.slice(1)).get("account") ?? "";

/** Send a request for the account that is shown: a GET, or with a body a POST. */
async function ask(path, { body, signal } = {}) {
  const headers = {};
  if (token()) headers.Authorization = `Bearer ${token()}`;
  if (body) headers["Content-Type"] = "application/json";
  const method = body ? "POST" : "GET";
  const url = account() ? `accounts/${encodeURIComponent(account())}/${path}` : path;
  let response;
  try {
    response = await fetch(url, { method, headers, body: body && JSON.stringify(body), signal, cache: "no-store" });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal(0, "The ledger cannot be reached", "Is it running, and is there a connection?");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return { answer, version: response.headers.get("ETag") };
  const title = answer.title ?? answer.message ?? `Status ${response.status}`;
  throw new Refusal(response.status, title, answer.detail ?? inOurWords(response.status));
}

/** Explain the gateway's own refusals, which are a word or two. */
function inOurWords(status) {
  if (status === 401) return token() ? "The token is not valid, or no longer." : "This ledger needs a token.";
  if (status === 403) return "The token does not allow this.";
  if (status === 429) return "These are too many requests at once. Try again in a moment.";
  return "";
}

/** Say why something was refused, in the problem's own words; a detail may begin with the title. */
function problemOf({ title, detail }) {
  const rest = detail.startsWith(title) ? detail.slice(title.length).replace(/^\W+/, "") : detail;
  return make("p", { className: "problem" }, make("strong", {}, title), rest);
}

/* --- Balance --- */

let balance = new Map();
let total = 0;
let version = "";
let bars = new Map(); // of each payer shown, what draws the part that a spend would take
let showAllPayers = false;

function showBalance() {
  const sum = [...balance.values()].reduce((all, of) => all + BigInt(of), 0n);
  total = Number(sum);
  part("total").textContent = points.format(sum);
  const payers = [...balance].sort(([, one], [, other]) => other - one);
  const shown = showAllPayers ? payers : payers.slice(0, PAYERS_SHOWN);
  bars = new Map();
  part("nothing").hidden = payers.length > 0;
  part("payers").replaceChildren(...shown.map(([payer, of]) => payerRow(payer, of, payers[0][1])));
  part("all-payers").hidden = shown.length === payers.length;
  part("all-payers").textContent = `Show all ${points.format(payers.length)} payers`;
}

function payerRow(payer, of, most) {
  const stays = make("span", { className: "stays" });
  const goes = make("span", { className: "goes" });
  bars.set(payer, (leaving) => {
    stays.style.width = `${(100 * (of - leaving)) / (most || 1)}%`;
    goes.style.width = `${(100 * leaving) / (most || 1)}%`;
  });
  return make(
    "li",
    {},
    make("bdi", {}, payer),
    make("span", { className: of ? "points" : "points empty" }, points.format(of)),
    make("div", { className: "bar" }, stays, goes),
  );
}

function drawBars() {
  for (const [payer, draw] of bars) draw(taken.get(payer) ?? 0);
  part("legend").hidden = !taken.size;
  part("legend-amount").textContent = points.format([...taken.values()].reduce((all, of) => all + of, 0));
}

/* --- What a spend would take --- */

let taken = new Map();
let asking = new AbortController();
let pause = 0;

/** Read the amount, however its digits are grouped; null if it is no whole number that can be asked for. */
function amountAsked() {
  const digits = part("amount").value.replace(/[\s.,'’_]/g, "");
  const amount = Number(digits);
  return /^\d+$/.test(digits) && Number.isSafeInteger(amount) && amount > 0 ? amount : null;
}

/** Return a round amount near a part of the balance. */
function roundPart(percent) {
  if (percent >= 100) return total;
  const step = 10 ** Math.max(0, Math.floor(Math.log10(total / 100)));
  return Math.max(1, Math.round((total * percent) / 100 / step) * step);
}

function setAmount(amount) {
  part("amount").value = points.format(amount);
}

function moveSlider() {
  part("share").value = total ? Math.min(100, (100 * (amountAsked() ?? 0)) / total) : 0;
  part("share").setAttribute("aria-valuetext", `${part("amount").value || 0} points`);
}

function previewSoon() {
  clearTimeout(pause);
  pause = setTimeout(preview, TYPING_PAUSE_MS);
}

async function preview() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const amount = amountAsked();
  if (!amount) return refuseAmount(new Refusal(0, "How many points?", `A whole number, up to ${points.format(total)}.`));
  try {
    const { answer, version: stands } = await ask("spend/preview", { body: { points: amount }, signal });
    if (signal.aborted) return;
    if (stands !== version) await show();
    part("taken-problem").replaceChildren();
    showTaken(answer);
  } catch (refusal) {
    if (!signal.aborted) refuseAmount(refusal);
  }
}

function refuseAmount(refusal) {
  showTaken([]);
  part("taken-problem").replaceChildren(problemOf(refusal));
}

function showTaken(list) {
  taken = new Map(list.map(({ payer, points: of }) => [payer, -of]));
  part("taken").replaceChildren(
    ...list.map(({ payer, points: of }) =>
      make("li", {}, make("bdi", {}, payer), make("span", { className: "points" }, points.format(-of))),
    ),
  );
  part("taken-said").textContent = list.map(({ payer, points: of }) => `${points.format(-of)} of ${payer}`).join(", ");
  drawBars();
}

/* --- History --- */

let cursor = null;

async function older() {
  part("older").disabled = true;
  const asked = cursor;
  try {
    const { answer } = await ask(`transactions?limit=${PAGE}&cursor=${encodeURIComponent(asked)}`);
    if (asked === cursor) addToHistory(answer)?.focus();
  } catch (refusal) {
    part("history-note").replaceChildren(problemOf(refusal));
  } finally {
    part("older").disabled = false;
  }
}

/** Add a page of transactions, and return the first new line. */
function addToHistory({ transactions, next_cursor: next }) {
  cursor = next;
  const lines = transactions.map((transaction) => {
    const line = historyLine(transaction);
    listOfDay(day.format(new Date(transaction.recorded_at))).append(line);
    return line;
  });
  part("older").hidden = next === null;
  const count = document.querySelectorAll(".line").length;
  part("history-note").textContent = count
    ? `${points.format(count)} of ${points.format(transactions[0].sequence + count - lines.length)} shown`
    : "Nothing has happened yet.";
  return lines[0];
}

/** Return the list that a day's lines go into: the last one, or a new one. */
function listOfDay(title) {
  const last = part("days").lastElementChild;
  if (last?.firstChild.textContent === title) return last.lastChild;
  const list = make("ol");
  part("days").append(make("div", { className: "day" }, make("h3", {}, title), list));
  return list;
}

function historyLine(transaction) {
  const { sequence, kind, payer, recorded_at: recordedAt, timestamp } = transaction;
  const number = make("span", {}, `#${points.format(sequence)}`);
  const facts = make("div", { className: "more-of-it facts" }, number, whenMade(recordedAt, time));
  const line = make(
    "li",
    { className: "line", tabIndex: -1 },
    make("span", { className: "what" }, kind === "spend" ? "Spent" : make("bdi", {}, payer)),
    make("span", { className: `points ${transaction.points > 0 ? "plus" : "minus"}` }, withSign(transaction.points)),
  );
  if (kind === "spend") {
    const list = make("ul", { className: "more-of-it payers-taken", ariaLabel: "Taken from" });
    for (const { payer: from, points: of } of transaction.taken) {
      list.append(make("li", {}, make("bdi", {}, from), " ", make("b", {}, withSign(of))));
    }
    line.append(list, facts);
    facts.append(lotsButton(sequence, line));
  } else {
    facts.append(make("span", {}, transaction.points > 0 ? "earned " : "taken back ", whenMade(timestamp, moment)));
    line.append(facts);
  }
  return line;
}

function whenMade(text, format) {
  return make("time", { dateTime: text, title: text }, format.format(new Date(text)));
}

function lotsButton(sequence, line) {
  const place = make("div", { className: "more-of-it", id: `lots-${sequence}`, hidden: true, "aria-live": "polite" });
  const button = make(
    "button",
    { type: "button", className: "link", "aria-expanded": "false", "aria-controls": place.id },
    "Which points?",
    make("span", { className: "unseen" }, ` Transaction ${sequence}`),
  );
  line.append(place);
  button.onclick = () => {
    place.hidden = !place.hidden;
    button.setAttribute("aria-expanded", String(!place.hidden));
    if (!place.hasChildNodes()) addLots(sequence, place);
  };
  return button;
}

/** Ask for the lots of a spend, and show them in a table of their own; after very many, a button asks for more. */
async function addLots(sequence, place, from = "") {
  try {
    const { answer } = await ask(`transactions/${sequence}${from && `?lots_cursor=${encodeURIComponent(from)}`}`);
    place.append(lotsTable(answer.lots));
    if (!answer.next_lots_cursor) return;
    const more = make("button", { type: "button", className: "link" }, "More of them");
    more.onclick = () => {
      more.remove();
      addLots(sequence, place, answer.next_lots_cursor);
    };
    place.append(more);
  } catch (refusal) {
    place.append(problemOf(refusal));
  }
}

function lotsTable(lots) {
  const heads = ["Payer", "Earned", "Points"].map((head) => make("th", { scope: "col" }, head));
  const rows = lots.map(({ payer, timestamp, points: of }) => {
    const cells = [make("bdi", {}, payer), whenMade(timestamp, moment), withSign(of)];
    return make("tr", {}, ...cells.map((cell) => make("td", {}, cell)));
  });
  const caption = make("caption", {}, "The points that were spent, oldest first");
  return make("table", { className: "lots" }, caption, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
}

/* --- The whole --- */

/** Show the balance and the beginning of the history. Says whether that was possible. */
async function show() {
  const asked = account();
  part("account").textContent = asked || "Own account";
  part("shown").setAttribute("aria-busy", "true");
  try {
    const [{ answer: balances, version: stands }, { answer: page }] = await Promise.all([
      ask("balance"),
      ask(`transactions?limit=${PAGE}`),
    ]);
    if (asked !== account()) return false;
    part("problem").replaceChildren();
    balance = new Map(Object.entries(balances));
    if (stands !== version) showTaken([]); // it was of another balance
    version = stands;
    showBalance();
    drawBars();
    part("days").replaceChildren();
    addToHistory(page);
    part("spending").hidden = !total;
    part("shown").hidden = false;
    return true;
  } catch (refusal) {
    if (asked !== account()) return false;
    part("shown").hidden = true;
    part("problem").replaceChildren(problemOf(refusal));
    if (refusal.status === 401 || refusal.status === 403) signIn(refusal);
    return false;
  } finally {
    part("shown").setAttribute("aria-busy", "false");
  }
}

/** Show an account from the start, and what about two fifths of it would come from. */
async function start() {
  asking.abort();
  showAllPayers = false;
  showTaken([]);
  if (!(await show()) || !total) return;
  setAmount(roundPart(40));
  moveSlider();
  await preview();
}

/** Show what has happened since, keeping the amount. */
async function refresh() {
  if (!part("amount").value) return start();
  if (!(await show()) || !total) return;
  moveSlider();
  await preview();
}

/** Come back to the page: has anything happened meanwhile? */
async function look() {
  if (document.hidden || part("shown").hidden) return;
  const seen = await ask("balance").catch(() => null);
  if (seen && seen.version !== version) await refresh();
}

/* --- Which account, and by what right --- */

function signIn(refusal) {
  part("name").value = account();
  part("token").value = token();
  part("sign-in-problem").hidden = !refusal;
  part("sign-in-problem").replaceChildren(...(refusal ? problemOf(refusal).childNodes : []));
  if (!part("sign-in").open) part("sign-in").showModal();
}

part("sign-in-form").onsubmit = (event) => {
  event.preventDefault();
  part("sign-in").close();
  sessionStorage.setItem("token", part("token").value.trim());
  const name = part("name").value.trim();
  const hash = name ? `#${new URLSearchParams({ account: name })}` : "";
  if (hash === location.hash) start();
  else location.hash = hash; // and start by that
};
part("cancel").onclick = () => part("sign-in").close();
part("who").onclick = () => signIn();
part("refresh").onclick = refresh;
part("older").onclick = older;
part("all-payers").onclick = () => {
  showAllPayers = true;
  showBalance();
  drawBars();
};
part("amount-form").onsubmit = (event) => {
  event.preventDefault();
  preview();
};
part("amount").oninput = () => {
  moveSlider();
  previewSoon();
};
part("amount").onchange = () => {
  if (amountAsked()) setAmount(amountAsked());
};
part("share").oninput = () => {
  setAmount(roundPart(Number(part("share").value)));
  moveSlider();
  previewSoon();
};
addEventListener("hashchange", start);
document.addEventListener("visibilitychange", look);
start();
