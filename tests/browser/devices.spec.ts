// What fingers, cameras and voices do: a day of the calendar by mouse and finger, a photo for a form, words spoken into it.
import { expect, test, type Page } from "@playwright/test";
import { known, login } from "./product.ts";

const calendar = "/o/activity?view=activity_calendar&on=2026-11-18";
const PIXEL = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

/** Sections that stand closed at first. */
async function unfold(page: Page): Promise<void> {
  for (const one of await page.locator("form.record details:not([open]) > summary").all()) await one.click();
}

async function days(page: Page): Promise<{ from: string; to: string }> {
  const entry = page.locator(`[data-entry="${known.activity}"]`);
  await expect(entry).toBeVisible();
  const from = (await entry.locator("xpath=ancestor::*[@data-day]").getAttribute("data-day")) ?? "";
  const all = await page.locator("[data-day]").evaluateAll((found) => found.map((one) => one.getAttribute("data-day") ?? ""));
  const at = all.indexOf(from);
  return { from, to: all[at + 1] ?? all[at - 1] ?? "" };
}

test("an activity goes to another day by mouse", async ({ page }) => {
  const complaints = await login(page);
  await page.goto(calendar);
  await expect(page.locator("record-calendar[data-live]")).toBeVisible();
  const { to } = await days(page);
  const source = await page.locator(`[data-entry="${known.activity}"]`).boundingBox();
  const target = await page.locator(`[data-day="${to}"]`).boundingBox();
  if (source === null || target === null) throw new Error("nothing to drag");
  await page.mouse.move(source.x + 10, source.y + source.height / 2);
  await page.mouse.down();
  await page.mouse.move(target.x + target.width / 2, target.y + target.height / 2, { steps: 8 });
  const stored = page.waitForResponse((one) => one.url().includes("/shift"));
  await page.mouse.up();
  expect((await stored).status()).toBe(200);
  await page.reload();
  await expect(page.locator(`[data-day="${to}"] [data-entry="${known.activity}"]`)).toBeVisible();
  expect(complaints).toEqual([]);
});

test("and back by finger: held first, then moved", async ({ browser }) => {
  const context = await browser.newContext({ viewport: { width: 820, height: 1100 }, hasTouch: true });
  const page = await context.newPage();
  const complaints = await login(page);
  await page.goto(calendar);
  await expect(page.locator("record-calendar[data-live]")).toBeVisible();
  const { from, to } = await days(page);
  const spots = async () => {
    const source = await page.locator(`[data-entry="${known.activity}"]`).boundingBox();
    const target = await page.locator(`[data-day="${to}"]`).boundingBox();
    if (source === null || target === null) throw new Error("nothing to drag");
    return {
      at: { x: source.x + source.width / 2, y: source.y + source.height / 2 },
      end: { x: target.x + target.width / 2, y: target.y + target.height / 2 },
    };
  };
  const session = await context.newCDPSession(page);
  const { at: before } = await spots();
  // A finger that moves at once does not take anything.
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [before] });
  await session.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: [{ x: before.x, y: before.y + 30 }] });
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await expect(page.locator(".dragged")).toHaveCount(0);
  // It may have moved the page, and with it what is to be taken.
  const { at, end } = await spots();
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [at] });
  await expect(page.locator(".dragged")).toBeVisible();
  for (let step = 1; step <= 10; step += 1) {
    const point = { x: at.x + ((end.x - at.x) * step) / 10, y: at.y + ((end.y - at.y) * step) / 10 };
    await session.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: [point] });
  }
  const stored = page.waitForResponse((one) => one.url().includes("/shift"));
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  expect((await stored).status()).toBe(200);
  await expect(page.locator(`[data-day="${from}"] [data-entry="${known.activity}"]`)).toHaveCount(0);
  expect(complaints).toEqual([]);
  await context.close();
});

test("a photo is taken on a phone, goes ahead of the form and is stored with it", async ({ browser }) => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  const complaints = await login(page);
  await page.goto(`/o/contact/new?customer=${known.customer}`);
  await unfold(page);
  const box = page.locator('[data-files][data-name="card"]');
  await expect(box.locator("input[capture]")).toHaveAttribute("accept", "image/*");
  const chooser = page.waitForEvent("filechooser");
  await box.getByRole("button", { name: "Take a photo" }).click();
  const sent = page.waitForResponse((one) => one.url().endsWith("/files"));
  await (await chooser).setFiles({ name: "card.png", mimeType: "image/png", buffer: PIXEL });
  expect((await sent).status()).toBe(201);
  await expect(box.locator(".preview img")).toHaveCount(1);
  await expect(box.locator(".preview progress")).toHaveCount(0);
  await page.fill("#name", "Photo");
  await page.fill("#mobile", "13900001111");
  await page.click("form.record .actions.end .primary");
  await expect(page).toHaveURL(/\/o\/contact\/[0-9a-f-]{36}$/);
  await expect(page.locator("img.thumb").first()).toHaveAttribute("alt", "card.png");
  expect(complaints).toEqual([]);
  await context.close();
});

test("words are spoken into a text, where the browser can listen", async ({ browser }) => {
  const context = await browser.newContext();
  // The browser of the tests has nobody who listens; this one hears one sentence.
  await context.addInitScript(() => {
    class Heard extends EventTarget {
      lang = "";
      interimResults = false;
      start(): void {
        setTimeout(() => {
          this.dispatchEvent(Object.assign(new Event("result"), { results: [[{ transcript: `call back (${this.lang})` }]] }));
          this.dispatchEvent(new Event("end"));
        }, 10);
      }
      stop(): void {
        this.dispatchEvent(new Event("end"));
      }
    }
    Object.assign(window, { SpeechRecognition: Heard, webkitSpeechRecognition: Heard });
  });
  const page = await context.newPage();
  const complaints = await login(page);
  await page.goto(`/o/contact/new?customer=${known.customer}`);
  await unfold(page);
  const note = page.locator(".field", { has: page.locator("#note") });
  await note.scrollIntoViewIfNeeded();
  await note.getByRole("button").click();
  await expect(page.locator("#note")).toHaveValue("call back (en-US)");
  await expect(note.getByRole("button")).toHaveAttribute("aria-pressed", "false");
  expect(complaints).toEqual([]);
  await context.close();
});
