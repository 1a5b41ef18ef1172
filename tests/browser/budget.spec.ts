// What a page loads first stays small: scripts and styles of a list, a form and a record, compressed as gzip does.
import { expect, test } from "@playwright/test";
import { gzipSync } from "node:zlib";
import { known, login } from "./product.ts";

const LARGEST = 40 * 1024;
const record = `/o/customer/${known.customer}`;

for (const address of ["/o/customer", "/o/customer/new", "/o/quote/new", `${record}/edit`, record, "/o/customer?view=customer_board"]) {
  test(`first load of ${address.replace(known.customer ?? "", "ID")}`, async ({ page }) => {
    await login(page);
    const sizes = new Map<string, Promise<number>>();
    page.on("response", (response) => {
      const kind = response.request().resourceType();
      if (kind !== "script" && kind !== "stylesheet") return;
      sizes.set(response.url(), response.body().then((body) => gzipSync(body).length));
    });
    const session = await page.context().newCDPSession(page);
    await session.send("Network.setCacheDisabled", { cacheDisabled: true });
    await page.goto(address);
    await page.waitForLoadState("networkidle");
    const found = await Promise.all(sizes.values());
    const total = found.reduce((all, one) => all + one, 0);
    console.info(`${address}: ${total} bytes of scripts and styles in ${found.length} files`);
    expect(found.length).toBeGreaterThan(1);
    expect(total).toBeLessThan(LARGEST);
  });
}
