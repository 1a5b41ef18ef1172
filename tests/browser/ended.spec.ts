// The login ends while a page is open, or the server is away: what was done goes back or stays, and the way on is shown.
import { expect, test, type Page } from "@playwright/test";
import { known, login } from "./product.ts";

const board = "/o/customer?view=customer_board";

async function place(page: Page): Promise<string | null> {
  return page.locator("[data-lane]", { has: page.locator(`[data-card="${known.customer}"]`) }).getAttribute("data-lane");
}

test("a card that was moved goes back, and the login leads on", async ({ page, context }) => {
  await login(page);
  await page.goto(board);
  await expect(page.locator("record-board[data-live]")).toBeVisible();
  const from = await place(page);
  await context.clearCookies();
  await page.locator(`[data-card="${known.customer}"]`).focus();
  await page.keyboard.press("Alt+ArrowRight");
  await expect(page.locator(".toast")).toContainText("Not moved: Your login has ended. Log in again.");
  expect(await place(page)).toBe(from);
  await page.locator(".toast a").click();
  await page.fill("[name=username]", "li");
  await page.fill("[name=password]", known.password ?? "");
  await page.press("[name=password]", "Enter");
  await page.waitForURL((url) => url.pathname + url.search === board);
  expect(await place(page)).toBe(from);
});

test("a cell stays open with what was typed, also where the server is away", async ({ page, context }) => {
  await login(page);
  await page.goto("/o/paper?view=paper_list");
  const cell = page.locator('tr:has-text("Lease west") [data-cell$="/cell/fee"]');
  await cell.focus();
  await page.keyboard.press("Enter");
  const input = cell.locator("[name=fee]");
  await expect(input).toBeFocused();
  await input.fill("250");
  await context.setOffline(true);
  await page.keyboard.press("Enter");
  await expect(page.locator(".toast")).toContainText("The server cannot be reached");
  await context.setOffline(false);
  await page.route("**/cell/fee", (route) => route.fulfill({ status: 502, contentType: "text/html", body: "<h1>Bad gateway</h1>" }));
  await page.locator(".toast").evaluate((box) => box.remove());
  await page.keyboard.press("Enter");
  await expect(page.locator(".toast")).toContainText("The server cannot be reached");
  await expect(cell.locator("h1")).toHaveCount(0);
  await page.unroute("**/cell/fee");
  await context.clearCookies();
  await page.keyboard.press("Enter");
  await expect(page.locator(".toast")).toContainText("Your login has ended");
  await expect(page.locator(".toast")).toHaveCount(1);
  await expect(input).toHaveValue("250");
  await page.keyboard.press("Escape");
  await expect(cell).toContainText("100");
  await expect(cell).not.toContainText("250");
});

test("a form at the side goes on in a window of its own, with what was typed", async ({ page, context }) => {
  await login(page);
  await page.goto("/o/contact/new");
  await page.locator('[data-picker*="customer"] ~ button, .picker ~ button').first().click();
  const side = page.locator("#side");
  await side.locator("[name=name]").fill("Customer of the night");
  await context.clearCookies();
  await side.locator("button.primary, [type=submit]").first().click();
  const refused = side.locator("[data-refused]");
  await expect(refused).toContainText("Your login has ended");
  await expect(side.locator("[name=name]")).toHaveValue("Customer of the night");
  const opened = context.waitForEvent("page");
  await refused.locator("button").click();
  const other = await opened;
  await expect(other.locator("body")).toContainText("What you have entered is kept");
  await other.fill("[name=username]", "li");
  await other.fill("[name=password]", known.password ?? "");
  await other.press("[name=password]", "Enter");
  await expect(other.locator("form.record [name=name]")).toHaveValue("Customer of the night");
  await other.locator("form.record button.primary").first().click();
  await expect(other.locator("h1")).toContainText("Customer of the night");
  await expect(side.locator("[name=name]")).toHaveValue("Customer of the night");
});

test("a search in a form with a login that has ended says so, and keeps the form", async ({ page, context }) => {
  const complaints = await login(page);
  await page.goto("/o/contact/new");
  await page.locator("form.record [name=name]").fill("Somebody");
  await context.clearCookies();
  await page.locator(".picker input").first().click();
  const link = page.locator(".toast a");
  await expect(link).toHaveAttribute("target", "_blank");
  await expect(page.locator("form.record [name=name]")).toHaveValue("Somebody");
  expect(complaints.filter((one) => !one.includes("401"))).toEqual([]);
});
