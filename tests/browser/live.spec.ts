// A quote with lines: sums, conditions and rules follow what is typed, and saving gives the same.
import { expect, test } from "@playwright/test";
import { choose, known, login } from "./product.ts";

test("a quote adds up while it is typed", async ({ page }) => {
  const complaints = await login(page);
  await page.goto("/o/quote/new");
  const shown = (name: string) => page.locator(`[data-live="${name}"]`);
  const section = page.locator("section, details", { has: page.locator('[data-live="deepest_discount"]') }).last();
  await expect(section).toBeHidden();

  await page.fill("#subject", "Pumps");
  await choose(page, "customer", known.customer);
  await choose(page, "lines-0-product", known.pump);
  // What is left blank is what the record will have: one, at the list price.
  await expect(shown("lines-0-amount")).toHaveText("¥100.00");
  await expect(page.locator("#lines-0-price")).toHaveAttribute("placeholder", "¥100.00");
  await page.fill("#lines-0-quantity", "3");
  await expect(shown("lines-0-amount")).toHaveText("¥300.00");
  await choose(page, "lines-1-product", known.valve);
  await page.fill("#lines-1-quantity", "2");
  await page.fill("#lines-1-discount", "60");
  await expect(page.locator("#lines-1-note")).toHaveAttribute("aria-required", "true");
  await expect(page.locator("#lines-0-note")).not.toHaveAttribute("aria-required", "true");
  await page.fill("#lines-1-discount", "12.5");
  await expect(page.locator("#lines-1-note")).not.toHaveAttribute("aria-required", "true");
  await expect(shown("lines-1-amount")).toHaveText("¥34.98");
  await expect(shown("subtotal")).toHaveText("¥334.98");
  await page.fill("#discount", "10");
  await expect(shown("net_total")).toHaveText("¥301.48");
  await expect(shown("total")).toHaveText("¥338.47");
  await expect(section).toBeHidden();
  await page.fill("#discount", "30");
  await expect(section).toBeVisible();
  await expect(shown("needs_approval")).toHaveText("yes");
  await page.fill("#discount", "5");
  await expect(section).toBeHidden();

  // An odd spelling is read by the server, as saving would.
  await page.fill("#lines-0-quantity", "１２");
  await expect(shown("lines-0-amount")).toHaveText("¥1,200.00");
  await page.fill("#lines-0-quantity", "many");
  await expect(page.locator("#lines-0-quantity-spelling")).toContainText("is not a number");
  await page.fill("#lines-0-quantity", "3");
  await expect(page.locator("#lines-0-quantity-spelling")).toHaveCount(0);

  await page.fill("#valid_until", "2020-01-01");
  await page.press("#valid_until", "Tab");
  const message = page.locator('.field:has(#valid_until) .error[role="status"]');
  await expect(message).toHaveText("A quote cannot end before its date");
  await expect(page.locator("#valid_until")).toHaveAttribute("aria-invalid", "true");
  await page.fill("#valid_until", "2099-01-01");
  await expect(message).toHaveCount(0);

  const total = await shown("total").innerText();
  await page.click("form.record .primary");
  await expect(page.locator("main")).toContainText(total);

  // The stored quote: the same sums before anything is typed; a line that goes takes its part along.
  await page.goto(`${page.url()}/edit`);
  await expect(shown("total")).toHaveText(total);
  await expect(shown("lines-1-amount")).toHaveText("¥34.98");
  await page.check('[name="lines-1-delete"]');
  await expect(shown("subtotal")).toHaveText("¥300.00");
  await page.uncheck('[name="lines-1-delete"]');
  await page.fill("#lines-0-quantity", "4");
  await expect(shown("subtotal")).toHaveText("¥434.98");
  const changed = await shown("total").innerText();
  await page.selectOption("#status", "sent");
  await expect(page.locator("#discount")).toBeDisabled();
  await page.click("form.record .primary");
  await expect(page.locator("main")).toContainText(changed);

  // What may not be changed now can be again as soon as its condition says so, without a visit to the server.
  await page.goto(`${page.url()}/edit`);
  await expect(page.locator("#discount")).toBeDisabled();
  await page.selectOption("#status", "rejected");
  await expect(page.locator("#discount")).toBeEnabled();
  expect(complaints).toEqual([]);
});

test("an opportunity asks why it was lost", async ({ page }) => {
  const complaints = await login(page);
  await page.goto("/o/opportunity/new");
  const reason = page.locator("#lost_reason");
  await expect(reason).toBeHidden();
  await page.fill("#amount", "1,000");
  await page.selectOption("#stage", "propose");
  await expect(page.locator('[data-live="weighted"]')).toHaveText("¥500.00");
  await page.selectOption("#stage", "lost");
  await expect(reason).toBeVisible();
  await expect(reason).toHaveAttribute("aria-required", "true");
  await expect(page.locator('[data-live="weighted"]')).toHaveText("¥0.00");
  expect(complaints).toEqual([]);
});
