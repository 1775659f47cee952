/* SPDX-License-Identifier: MIT */
/* Common buffers. */
#include "dma_test.h"

static struct toy *toy;
static struct vport_reports *reports;
static struct vport_dma_adapter *adapter;

static void make(const struct toy_config *config)
{
    struct vport_dma_constraints constraints = limits(0xffffffff, true, 1);

    toy = toy_create(config);
    reports = vport_reports_create(NULL, NULL);
    adapter = toy_adapter(toy, &constraints, reports);
}

static int tear_down(void **state)
{
    bool left;

    vport_dma_adapter_destroy(adapter);
    left = toy->frames_in_use || toy->mappings;
    vport_reports_destroy(reports);
    toy_destroy(toy);
    return left;
}

static void both_sides_see(unsigned char *buffer, struct vport_busaddr address, size_t length)
{
    unsigned char byte;

    for (size_t i = 0; i < length; i += 1000) {
        buffer[i] = (unsigned char)(i / 1000 + 1);
        assert_true(toy_device_read(toy, address.value + i, &byte, 1));
        assert_int_equal(byte, (unsigned char)(i / 1000 + 1));
        byte = (unsigned char)~byte;
        assert_true(toy_device_write(toy, address.value + i, &byte, 1));
        assert_int_equal(buffer[i], byte);
    }
}

static void use_and_free(void)
{
    struct vport_busaddr address, small_address;
    unsigned char *buffer = vport_dma_common_alloc(adapter, 10000, &address);
    unsigned char *small = vport_dma_common_alloc(adapter, 1, &small_address);

    assert_non_null(buffer);
    assert_non_null(small);
    assert_int_equal(statistics(adapter).common_buffers, 2);
    assert_int_equal(address.value % 4096, 0);
    assert_true(address.value + 3 * 4096 - 1 <= 0xffffffff);
    for (size_t i = 0; i < 3 * 4096; i++)
        assert_int_equal(buffer[i], 0);
    both_sides_see(buffer, address, 10000);
    both_sides_see(small, small_address, 4096);
    assert_int_equal(vport_dma_common_free(adapter, 1, small_address, small), VPORT_OK);
    assert_int_equal(vport_dma_common_free(adapter, 10000, address, buffer), VPORT_OK);
    assert_int_equal(statistics(adapter).common_buffers, 0);
    assert_int_equal(vport_reports_count(reports, NULL), 0);
}

static void cb_01_cb_06_cb_07_both_sides_see_one_contiguous_buffer(void **state)
{
    make(&(struct toy_config){.low = 64, .high = 64});
    use_and_free();
}

static void cb_01_on_a_device_that_is_not_coherent(void **state)
{
    make(&(struct toy_config){.low = 64, .high = 64, .incoherent = true});
    use_and_free();
}

static void cb_01_behind_an_iommu(void **state)
{
    make(&(struct toy_config){.low = 64, .iommu = true});
    use_and_free();
}

static void cb_a1_no_length_no_buffer(void **state)
{
    struct vport_busaddr address;

    make(&(struct toy_config){.low = 64});
    assert_null(vport_dma_common_alloc(adapter, 0, &address));
    assert_null(vport_dma_common_alloc(adapter, SIZE_MAX, &address));
    assert_null(vport_dma_common_alloc(adapter, 100 * 4096, &address)); /* more than there is */
    assert_null(vport_dma_common_alloc(NULL, 1, &address));
    assert_int_equal(statistics(adapter).common_buffers, 0);
}

static void cb_10_more_pages_than_registers_are_fine(void **state)
{
    struct vport_busaddr address;
    void *buffer;

    make(&(struct toy_config){.low = 64});
    assert_int_equal(vport_dma_adapter_constraints(adapter)->registers, 1);
    buffer = vport_dma_common_alloc(adapter, 50 * 4096, &address);
    assert_non_null(buffer);
    assert_int_equal(vport_dma_common_free(adapter, 50 * 4096, address, buffer), VPORT_OK);
}

static void cb_a2_a_release_with_other_values_is_reported(void **state)
{
    struct vport_busaddr address, wrong;
    char *buffer;

    make(&(struct toy_config){.low = 64});
    buffer = vport_dma_common_alloc(adapter, 4096, &address);
    wrong.value = address.value + 1;
    assert_int_equal(vport_dma_common_free(adapter, 4096, address, buffer + 1), VPORT_E_UNKNOWN);
    assert_int_equal(vport_dma_common_free(adapter, 4096, address, NULL), VPORT_E_UNKNOWN);
    assert_int_equal(vport_dma_common_free(NULL, 4096, address, buffer), VPORT_E_UNKNOWN);
    assert_int_equal(statistics(adapter).common_buffers, 1);
    assert_int_equal(vport_dma_common_free(adapter, 4096, wrong, buffer), VPORT_E_INVALID);
    assert_int_equal(statistics(adapter).common_buffers, 0);
    buffer = vport_dma_common_alloc(adapter, 4096, &address);
    assert_int_equal(vport_dma_common_free(adapter, 4095, address, buffer), VPORT_E_INVALID);
    assert_int_equal(vport_dma_common_free(adapter, 4096, address, buffer), VPORT_E_UNKNOWN);
    assert_int_equal(vport_reports_count(reports, "CB-A2"), 5);
}

static void ga_a4_a_common_buffer_outlives_its_adapter(void **state)
{
    struct vport_busaddr address, none;
    unsigned char *buffer;

    make(&(struct toy_config){.low = 64});
    buffer = vport_dma_common_alloc(adapter, 4096, &address);
    assert_int_equal(vport_dma_adapter_destroy(adapter).common_buffers, 1);
    assert_int_equal(vport_reports_count(reports, "GA-A4"), 1);
    assert_null(vport_dma_common_alloc(adapter, 4096, &none));
    both_sides_see(buffer, address, 4096);
    assert_int_equal(vport_dma_common_free(adapter, 4096, address, buffer), VPORT_OK);
    assert_int_equal(toy->frames_in_use, 0);
    assert_int_equal(vport_dma_common_free(adapter, 4096, address, buffer), VPORT_E_UNKNOWN);
}

static void what_an_iommu_refuses_leaves_nothing(void **state)
{
    struct vport_busaddr address;

    make(&(struct toy_config){.low = 64, .iommu = true});
    toy->iommu_failures = 1;
    assert_null(vport_dma_common_alloc(adapter, 4096, &address));
    assert_int_equal(toy->frames_in_use, 0);
    assert_int_equal(statistics(adapter).common_buffers, 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cb_01_cb_06_cb_07_both_sides_see_one_contiguous_buffer),
        TEST(cb_01_on_a_device_that_is_not_coherent),
        TEST(cb_01_behind_an_iommu),
        TEST(cb_a1_no_length_no_buffer),
        TEST(cb_10_more_pages_than_registers_are_fine),
        TEST(cb_a2_a_release_with_other_values_is_reported),
        TEST(ga_a4_a_common_buffer_outlives_its_adapter),
        TEST(what_an_iommu_refuses_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
