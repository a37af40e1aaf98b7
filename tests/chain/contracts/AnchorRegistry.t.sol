// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AnchorRegistry} from "../src/AnchorRegistry.sol";

interface Vm {
    function prank(address sender) external;
    function roll(uint256 blockNumber) external;
    function assume(bool condition) external;
    function expectRevert(bytes calldata reason) external;
    function expectEmit(bool, bool, bool, bool) external;
}

/// Run by forge with random arguments for every testFuzz function.
contract AnchorRegistryTest {
    event Anchored(bytes32 indexed log, uint64 indexed treeSize, bytes32 rootHash, uint64 previousBlock);

    Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    string constant ORIGIN = "example.org/site-1";
    bytes32 constant LOG = keccak256(bytes(ORIGIN));
    address constant SUBMITTER = address(0xA11CE);

    AnchorRegistry registry;

    function setUp() public {
        registry = new AnchorRegistry();
        registry.setSubmitter(ORIGIN, SUBMITTER, true);
    }

    function testFuzz_sizesOnlyGrow(uint64 first, bytes32 rootA, uint64 second, bytes32 rootB) public {
        vm.assume(first > 0);
        vm.prank(SUBMITTER);
        registry.anchor(LOG, first, rootA);
        bool grows = second > first;
        if (!grows) vm.expectRevert(abi.encodeWithSelector(AnchorRegistry.NotLarger.selector, first));
        vm.prank(SUBMITTER);
        registry.anchor(LOG, second, rootB);
        (uint64 size,, bytes16 start) = registry.head(LOG);
        require(size == (grows ? second : first), "size");
        require(start == bytes16(grows ? rootB : rootA), "root");
    }

    function testFuzz_eventsNameTheBlockBefore(uint32 blockA, uint32 later, uint64 size, bytes32 root) public {
        vm.assume(blockA > 0 && size > 1);
        uint256 blockB = uint256(blockA) + later;
        vm.roll(blockA);
        vm.expectEmit(true, true, true, true);
        emit Anchored(LOG, size - 1, root, 0);
        vm.prank(SUBMITTER);
        registry.anchor(LOG, size - 1, root);
        vm.roll(blockB);
        vm.expectEmit(true, true, true, true);
        emit Anchored(LOG, size, root, blockA);
        vm.prank(SUBMITTER);
        registry.anchor(LOG, size, root);
        (, uint64 number,) = registry.head(LOG);
        require(number == blockB, "block");
    }

    function testFuzz_onlySubmittersAnchor(address stranger, uint64 size, bytes32 root) public {
        vm.assume(stranger != SUBMITTER);
        vm.expectRevert(abi.encodeWithSelector(AnchorRegistry.NotSubmitter.selector, LOG, stranger));
        vm.prank(stranger);
        registry.anchor(LOG, size, root);
    }

    function testFuzz_logsAreApart(string calldata other, uint64 size, bytes32 root) public {
        bytes32 log = keccak256(bytes(other));
        vm.assume(log != LOG && size > 0);
        vm.prank(SUBMITTER);
        registry.anchor(LOG, size, root);
        (uint64 none,,) = registry.head(log);
        require(none == 0, "another log's head moved");
        vm.expectRevert(abi.encodeWithSelector(AnchorRegistry.NotSubmitter.selector, log, SUBMITTER));
        vm.prank(SUBMITTER);
        registry.anchor(log, size, root);
    }

    function testFuzz_revokedSubmittersStop(uint64 size, bytes32 root) public {
        registry.setSubmitter(ORIGIN, SUBMITTER, false);
        vm.expectRevert(abi.encodeWithSelector(AnchorRegistry.NotSubmitter.selector, LOG, SUBMITTER));
        vm.prank(SUBMITTER);
        registry.anchor(LOG, size, root);
    }

    function testFuzz_onlyTheOwnerRules(address stranger, address other, bool allowed) public {
        vm.assume(stranger != address(this));
        vm.expectRevert(abi.encodeWithSelector(AnchorRegistry.NotOwner.selector));
        vm.prank(stranger);
        registry.setSubmitter(ORIGIN, other, allowed);
        vm.expectRevert(abi.encodeWithSelector(AnchorRegistry.NotOwner.selector));
        vm.prank(stranger);
        registry.offerOwnership(other);
        vm.expectRevert(abi.encodeWithSelector(AnchorRegistry.NotCandidate.selector));
        vm.prank(stranger);
        registry.acceptOwnership();
    }

    function testFuzz_ownershipPassesInTwoSteps(address heir, address stranger) public {
        vm.assume(heir != address(this) && stranger != heir && heir != address(0));
        registry.offerOwnership(heir);
        require(registry.owner() == address(this), "not yet");
        vm.expectRevert(abi.encodeWithSelector(AnchorRegistry.NotCandidate.selector));
        vm.prank(stranger);
        registry.acceptOwnership();
        vm.prank(heir);
        registry.acceptOwnership();
        require(registry.owner() == heir && registry.candidate() == address(0), "passed");
        vm.expectRevert(abi.encodeWithSelector(AnchorRegistry.NotOwner.selector));
        registry.setSubmitter(ORIGIN, SUBMITTER, true);
    }

    function testFuzz_anOfferCanBeWithdrawn(address heir) public {
        vm.assume(heir != address(0));
        registry.offerOwnership(heir);
        registry.offerOwnership(address(0));
        vm.expectRevert(abi.encodeWithSelector(AnchorRegistry.NotCandidate.selector));
        vm.prank(heir);
        registry.acceptOwnership();
    }

    function test_anEmptyOriginIsRefused() public {
        vm.expectRevert(abi.encodeWithSelector(AnchorRegistry.EmptyOrigin.selector));
        registry.setSubmitter("", SUBMITTER, true);
    }
}
