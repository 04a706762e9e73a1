/* perf/weft-perf/fault: faults as they are written on the command line. */
#include <criterion/criterion.h>

#include <string.h>

#include "../../perf/weft-perf/fault.h"
#include "../../perf/weft-perf/subject.h"
#include "core/preset.h"

Test(perf_fault, add__good)
{
    static const struct {
        const char *text;
        enum weft_link_change change;
        bool restore;
        struct weft_perf_fault fault;
    } rows[] = {
        {"gpu0-pcie", WEFT_LINK_CUT, false, {.link = "gpu0-pcie", .permille = 1000}},
        {"a:nic1", WEFT_LINK_CUT, false, {.link = "nic1", .permille = 1000}},
        {"b:nic0@30%",
         WEFT_LINK_CUT,
         false,
         {.side = WEFT_PERF_B, .link = "nic0", .permille = 1000, .percent = 30, .during = true}},
        {"b:nic1=0.25",
         WEFT_LINK_SCALE,
         false,
         {.side = WEFT_PERF_B, .link = "nic1", .permille = 250}},
        {"b:nic1-net=0.5@0",
         WEFT_LINK_SCALE,
         false,
         {.side = WEFT_PERF_B, .link = "nic1-net", .permille = 500, .during = true}},
        {"b:nic0:out@30%",
         WEFT_LINK_HANG,
         false,
         {.side = WEFT_PERF_B,
          .change = WEFT_LINK_HANG_OUT,
          .link = "nic0",
          .permille = 1000,
          .percent = 30,
          .during = true}},
        {"nic1:in",
         WEFT_LINK_HANG,
         false,
         {.change = WEFT_LINK_HANG_IN, .link = "nic1", .permille = 1000}},
        {"b:nic0=100@5%",
         WEFT_LINK_LOSE,
         false,
         {.side = WEFT_PERF_B, .link = "nic0", .permille = 100, .percent = 5, .during = true}},
        {"a:nic2=50", WEFT_LINK_DELAY, false, {.link = "nic2", .permille = 50}},
        {"b:nic0@60%",
         WEFT_LINK_SCALE,
         true,
         {.side = WEFT_PERF_B, .link = "nic0", .permille = 1000, .percent = 60, .during = true}},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_perf_fault_plan plan = {.count = 0};
        const struct weft_perf_fault *fault = &plan.faults[0];
        char why[WEFT_WHY_BYTES] = "";

        cr_assert(weft_perf_fault_add(&plan, rows[i].change, rows[i].restore, rows[i].text, why),
                  "%s: %s", rows[i].text, why);
        cr_expect_eq(fault->change,
                     rows[i].fault.change == WEFT_LINK_SCALE ? rows[i].change
                                                             : rows[i].fault.change,
                     "%s", rows[i].text);
        cr_expect_eq(fault->side, rows[i].fault.side, "%s", rows[i].text);
        cr_expect_str_eq(fault->link, rows[i].fault.link);
        cr_expect_eq(fault->permille, rows[i].fault.permille, "%s", rows[i].text);
        cr_expect_eq(fault->percent, rows[i].fault.percent, "%s", rows[i].text);
        cr_expect_eq(fault->during, rows[i].fault.during, "%s", rows[i].text);
    }
}

Test(perf_fault, add__says_what_is_valid)
{
    static const struct {
        const char *text;
        enum weft_link_change change;
        const char *says;
    } rows[] = {
        {"nic0:up@3", WEFT_LINK_HANG, "nic0:out or nic0:in"},
        {"b:nic0", WEFT_LINK_LOSE, "one packet in so many, as nic0=100"},
        {"b:nic0@3%", WEFT_LINK_DELAY, "so many us, as nic0=50"},
        {"b:nic0=0", WEFT_LINK_LOSE, "1000000"},
        {"b:nic0=1%", WEFT_LINK_LOSE, "packets"},
        {"gpu0-pcie", WEFT_LINK_SCALE, "gpu0-pcie=0.25"},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_perf_fault_plan plan = {.count = 0};
        char why[WEFT_WHY_BYTES] = "";

        cr_expect(!weft_perf_fault_add(&plan, rows[i].change, false, rows[i].text, why), "%s",
                  rows[i].text);
        cr_expect_not_null(strstr(why, rows[i].says), "%s: %s", rows[i].text, why);
        cr_expect_eq(plan.count, 0);
    }
}

/* Links of the second server are looked up there; a NIC stands for its network. */
Test(perf_fault, plan_check__of_two_servers)
{
    static struct weft_topo a;
    static struct weft_topo b;
    static struct weft_perf_joint joint;
    static struct weft_perf_subject subject = {.joint = &joint};
    struct weft_perf_fault_plan plan = {.count = 0};
    char why[WEFT_WHY_BYTES] = "";

    cr_assert(weft_preset_fill("hgx-h100", &a));
    cr_assert(weft_preset_fill("nvl72-tray", &b));
    cr_assert(weft_perf_joint_init(&joint, &a, &b, 0, why), "%s", why);
    cr_assert(weft_perf_fault_add(&plan, WEFT_LINK_CUT, false, "b:nic3", why));
    cr_assert(weft_perf_fault_add(&plan, WEFT_LINK_CUT, false, "b:nic2-net", why));
    cr_assert(weft_perf_fault_plan_check(&plan, &subject, why), "%s", why);
    cr_expect_str_eq(plan.faults[0].link, "nic3-net");
    cr_expect_str_eq(plan.faults[1].link, "nic2-net");
    cr_assert(weft_perf_fault_add(&plan, WEFT_LINK_CUT, false, "b:nic4", why));
    cr_assert(!weft_perf_fault_plan_check(&plan, &subject, why), "the tray has four");
    cr_expect_not_null(strstr(why, "'nic4' is no link of the second server"), "%s", why);
    cr_expect_not_null(strstr(why, "nic3-net"), "%s", why);
    plan.count = 0;
    cr_assert(weft_perf_fault_add(&plan, WEFT_LINK_LOSE, false, "b:nic1=100", why));
    cr_assert(weft_perf_fault_plan_check(&plan, &subject, why), "%s", why);
    cr_assert(weft_perf_fault_add(&plan, WEFT_LINK_DELAY, false, "b:nic0-pcie=100", why));
    cr_assert(!weft_perf_fault_plan_check(&plan, &subject, why));
    cr_expect_not_null(strstr(why, "'nic0-pcie' is no NIC"), "%s", why);
}

/* The second server's process, and all NICs of a server. */
Test(perf_fault, plan_check__all_and_the_process)
{
    static struct weft_topo a;
    static struct weft_topo b;
    static struct weft_perf_joint joint;
    static struct weft_perf_subject subject = {.joint = &joint};
    static const struct weft_perf_subject alone;
    struct weft_perf_fault_plan plan = {.count = 0};
    char why[WEFT_WHY_BYTES] = "";

    cr_assert(weft_preset_fill("hgx-h100", &a));
    cr_assert(weft_preset_fill("nvl72-tray", &b));
    cr_assert(weft_perf_joint_init(&joint, &a, &b, 0, why), "%s", why);
    cr_assert(weft_perf_fault_add(&plan, WEFT_LINK_CUT, false, "b:all@30%", why));
    cr_assert(!weft_perf_fault_plan_check(&plan, &alone, why));
    cr_expect_not_null(strstr(why, "--peer"), "%s", why);
    cr_assert(weft_perf_fault_plan_check(&plan, &subject, why), "%s", why);
    cr_assert_eq(plan.count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        cr_expect_eq(plan.faults[i].side, WEFT_PERF_B);
        cr_expect_eq(plan.faults[i].percent, 30);
    }
    cr_expect_str_eq(plan.faults[3].link, "nic3-net");
    cr_expect(!weft_perf_fault_plan_kills(&plan));
    cr_assert(weft_perf_fault_add(&plan, WEFT_LINK_CUT, false, "peer:kill@5", why), "%s", why);
    cr_expect_eq(plan.faults[4].percent, 5);
    cr_expect(weft_perf_fault_plan_kills(&plan));
    cr_expect(!weft_perf_fault_plan_stops(&plan));
    cr_assert(!weft_perf_fault_plan_check(&plan, &subject, why), "this test has no process");
    cr_expect(!weft_perf_fault_add(&plan, WEFT_LINK_CUT, false, "peer:nap", why));
    cr_expect_not_null(strstr(why, "peer:stop"), "%s", why);
    cr_expect(!weft_perf_fault_add(&plan, WEFT_LINK_SCALE, true, "peer:stop", why));
}
