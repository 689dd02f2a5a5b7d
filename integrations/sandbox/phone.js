"use strict";

const byId = (id) => document.getElementById(id);
const path = (text) => encodeURIComponent(text);
const drawn = new Map();
let citizens = [];

const ORDER_STATUS = { OPEN: "等待付款", EXPIRED: "已过期", PAID: "已付款", CLOSED: "已关闭" };
const ORDER_SCENE = { JSAPI: "小程序", APP: "手机应用", MWEB: "手机浏览器" };
const FACE_STATE = { WAITING: "等待核验", PASSED: "已通过", FAILED: "没有通过" };
const PARCEL_STATE = {
  0: "运送途中", 1: "已揽收", 2: "疑难件", 3: "已签收", 4: "退回已签收", 5: "正在派送",
  6: "正在退回", 7: "已转投", 14: "收件人拒收",
};
const REFUND_STATUS = {
  PROCESSING: "正在退回", SUCCESS: "已到账", ABNORMAL: "退回不成功", CLOSED: "退款已关闭",
};
const CALLBACK_KIND = {
  wechatpay: "付款结果", refund: "退款结果", signtest: "签名探测", courier: "快递进展",
};
const CALLBACK_STATE = {
  PENDING: "还没送到，会再送", DELIVERED: "已送到", HELD: "按要求没有送", PROBED: "已探测",
  GIVEN_UP: "一直没送到，不再送",
};

async function call(method, url, body) {
  const options = { method, headers: {} };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const response = await fetch(url, options);
  const value = response.status === 204 ? {} : await response.json();
  if (!response.ok) throw new Error(value.error || "没有办成，请再试一次");
  return value;
}

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function card(...parts) {
  const made = element("div", undefined, "card");
  made.append(...parts);
  return made;
}

function button(text, action, className) {
  const made = element("button", text, className);
  made.type = "button";
  made.addEventListener("click", () => act(made, action));
  return made;
}

// Redrawing what has not changed would take the keyboard focus away.
function show(id, items, draw, nothing) {
  const text = JSON.stringify(items);
  if (drawn.get(id) === text) return;
  drawn.set(id, text);
  const cards = items.map(draw);
  byId(id).replaceChildren(...(cards.length ? cards : [element("p", nothing, "quiet")]));
}

function tell(text, bad) {
  const notice = byId("notice");
  notice.textContent = text;
  notice.className = bad ? "bad" : "";
  notice.hidden = false;
}

async function act(pressed, action) {
  pressed.disabled = true;
  try {
    const said = await action();
    if (said) tell(said, false);
    await refresh();
  } catch (error) {
    tell(error.message, true);
  } finally {
    pressed.disabled = false;
  }
}

const time = (at) => new Date(at).toLocaleString("zh-CN", { timeZone: "Asia/Shanghai" });
const yuan = (fen) => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, "0")} 元`;
const openid = () => byId("citizen").value;

function drawOrder(order) {
  const url = `/phone/api/orders/${path(order.prepay_id)}`;
  const closed = order.status === "OPEN" && order.cancelled ? "（收银台已关，仍可再付）" : "";
  const made = card(
    element("p", order.description),
    element("p", yuan(order.amount_fen), "money"),
    element("p", ORDER_STATUS[order.status] + closed),
    element("p", `${ORDER_SCENE[order.trade_type]} · 订单号 ${order.out_trade_no}`, "quiet"),
  );
  if (order.status !== "OPEN") return made;
  const buttons = element("div", undefined, "buttons");
  buttons.append(
    button("付款", async () => {
      await call("POST", `${url}/pay`, { openid: openid() });
      return `已付 ${yuan(order.amount_fen)}`;
    }),
    button("不付了", async () => {
      await call("POST", `${url}/cancel`, { openid: openid() });
      return "收银台已关闭，没有付款";
    }, "second"),
  );
  made.append(buttons);
  return made;
}

function drawRefund(refund) {
  const url = `/phone/api/refunds/${path(refund.out_refund_no)}/settle`;
  const made = card(
    element("p", yuan(refund.amount_fen), "money"),
    element("p", REFUND_STATUS[refund.status]),
    element("p", refund.reason),
    element("p", `退款单号 ${refund.out_refund_no}`, "quiet"),
  );
  if (refund.status === "SUCCESS") return made;
  const buttons = element("div", undefined, "buttons");
  buttons.append(
    button("现在到账", async () => {
      await call("POST", url, { status: "SUCCESS" });
      return "退款已到账";
    }),
    button("退不回来", async () => {
      await call("POST", url, { status: "ABNORMAL" });
      return "退款没有退成";
    }, "second"),
  );
  made.append(buttons);
  return made;
}

function drawMessage(message) {
  const channel = { sms: "短信", voice: "语音电话" }[message.channel] ?? "微信提醒";
  const texts = Object.values(message.data).map((text) => element("p", text));
  return card(
    element("p", `${channel} · ${time(message.at)}`, "quiet"),
    ...texts,
    element("p", message.template, "quiet"),
  );
}

function drawFace(check) {
  const url = `/phone/api/face-checks/${path(check.token)}`;
  const made = card(
    element("p", `${check.name} ${check.id_number}`),
    element("p", FACE_STATE[check.state], "quiet"),
  );
  if (check.state !== "WAITING") return made;
  const buttons = element("div", undefined, "buttons");
  buttons.append(
    button("通过", async () => {
      await call("POST", url, { result: "pass" });
      return "人脸核验已通过";
    }),
    button("不通过", async () => {
      await call("POST", url, { result: "fail" });
      return "人脸核验没有通过";
    }, "second"),
  );
  made.append(buttons);
  return made;
}

function drawSubscription(subscription) {
  return card(
    element("p", subscription.template_id),
    element("p", `还能收 ${subscription.left} 条`, "quiet"),
  );
}

function drawParcel(parcel) {
  const made = card(
    element("p", PARCEL_STATE[parcel.state] || "等待揽收"),
    element("p", `运单号 ${parcel.waybill}`, "quiet"),
    element("p", `收件人 ${parcel.receiver}`, "quiet"),
    ...parcel.data.map((scan) => element("p", `${scan.time} ${scan.context}`, "quiet")),
  );
  if (parcel.state === "3" || parcel.state === "4") return made;
  const url = `/phone/api/parcels/${path(parcel.waybill)}/advance`;
  made.append(button("让快递走一步", async () => {
    const { state } = await call("POST", url, {});
    return `快递：${PARCEL_STATE[state]}`;
  }, "second"));
  return made;
}

function drawCallback(callback) {
  const url = `/phone/api/callbacks/${callback.seq}/redeliver`;
  const tries = callback.attempts.map((attempt) => element(
    "p", `${time(attempt.at * 1000)} 对方回答 ${attempt.status || attempt.error}`, "quiet",
  ));
  return card(
    element("p", `${CALLBACK_KIND[callback.kind]}：${CALLBACK_STATE[callback.state]}`),
    element("p", callback.url, "quiet"),
    ...tries,
    button("再送一次", async () => {
      await call("POST", url, {});
      return "已再送一次";
    }, "second"),
  );
}

async function refresh() {
  const who = citizens.find((citizen) => citizen.openid === openid());
  if (!who) return;
  byId("who").textContent = `${who.phone} · ${who.id_number} · ${who.note}`;
  const own = `/phone/api/citizens/${path(who.openid)}`;
  const outbox = `/phone/api/outbox?openid=${path(who.openid)}&phone=${path(who.phone)}`;
  const [orders, refunds, messages, subscriptions, faces, parcels, callbacks] = await Promise.all([
    call("GET", `${own}/orders`),
    call("GET", `/phone/api/refunds?openid=${path(who.openid)}`),
    call("GET", outbox),
    call("GET", `${own}/subscriptions`),
    call("GET", "/phone/api/face-checks"),
    call("GET", "/phone/api/parcels"),
    call("GET", "/phone/api/callbacks"),
  ]);
  if (who.openid !== openid()) return;
  show("orders", orders.items, drawOrder, "没有要付的款。");
  show("refunds", refunds.items, drawRefund, "没有退款。");
  show("outbox", messages.items, drawMessage, "还没有消息。");
  show("subscriptions", subscriptions.items, drawSubscription, "还没有同意过接收提醒。");
  show("faces", faces.items.slice(0, 5), drawFace, "没有要做的人脸核验。");
  show("parcels", parcels.items, drawParcel, "还没有快递。");
  show("callbacks", callbacks.items.slice(0, 20), drawCallback, "还没有通知过。");
}

function onCode(id, kind) {
  byId(id).addEventListener("click", () => act(byId(id), async () => {
    const { code } = await call("POST", `/phone/api/citizens/${path(openid())}/${kind}`, {});
    byId("code").textContent = code;
    byId("code").hidden = false;
  }));
}

async function start() {
  citizens = (await call("GET", "/phone/api/citizens")).items;
  byId("citizen").replaceChildren(...citizens.map((citizen) => {
    const option = element("option", `${citizen.name}（${citizen.note}）`);
    option.value = citizen.openid;
    return option;
  }));
  byId("citizen").addEventListener("change", () => {
    byId("code").hidden = true;
    byId("notice").hidden = true;
    refresh().catch((error) => tell(error.message, true));
  });
  onCode("login-code", "login-code");
  onCode("phone-code", "phone-code");
  onCode("app-code", "app-code");
  byId("net").addEventListener("submit", (event) => {
    event.preventDefault();
    const url = `/phone/api/citizens/${path(openid())}/net-credential`;
    act(event.submitter, async () => {
      const { assertion } = await call("POST", url, { challenge: byId("challenge").value.trim() });
      byId("assertion").textContent = assertion;
      byId("assertion").hidden = false;
      return "已出示网证";
    });
  });
  byId("subscribe").addEventListener("submit", (event) => {
    event.preventDefault();
    const template_id = byId("template").value.trim();
    const url = `/phone/api/citizens/${path(openid())}/subscriptions`;
    act(event.submitter, async () => {
      const { left } = await call("POST", url, { template_id });
      return `已同意，还能收 ${left} 条`;
    });
  });
  await refresh();
  setInterval(() => {
    if (!document.hidden) refresh().catch(() => tell("连不上，请看看程序是否还在运行", true));
  }, 3000);
}

start().catch((error) => tell(error.message, true));
